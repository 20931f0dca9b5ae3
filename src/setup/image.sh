#!/bin/sh
# Makes the root image of the demo guest: busybox and the files of demo-root/. Root is not needed.
#
#   image.sh IMAGE [MIB]     size 32 MiB; the file is sparse
#
# ext4 with blocks of 4 KiB: User Mode Linux reads wrong data through a COW file from smaller ones.
set -eu

[ $# -ge 1 ] && [ $# -le 2 ] || {
  echo 'usage: image.sh IMAGE [MIB]' >&2
  exit 2
}
image=$1
size=${2:-32}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/sbin:/usr/sbin # mke2fs and debugfs are not in the PATH of every user.
busybox=$(command -v busybox) || {
  echo 'image: busybox is missing (hint: apt-get install busybox-static)' >&2
  exit 6
}
if head -c 4096 "$busybox" | tr '\0' '\n' | grep -q '^/lib.*/ld'; then
  echo 'image: busybox needs libraries (hint: apt-get install busybox-static)' >&2
  exit 6
fi

mkdir -p "$(dirname "$image")"
work=$(mktemp -d "$image.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root
mkdir -p "$root/bin" "$root/sbin" "$root/lib/modules" "$root/root"
(cd "$root" && mkdir dev proc sys run tmp mnt)
cp -R "$here/demo-root/." "$root"
ln -s ../init "$root/sbin/init" # Where the kernel looks by itself.
cp "$busybox" "$root/bin/busybox"
"$busybox" --list | grep -vx busybox | while read -r applet; do ln -s busybox "$root/bin/$applet"; done

# Every file shall belong to the guest's root, independent of the user that runs this.
find "$root" -printf '%P\n' | sed 's|.*|set_inode_field "/&" uid 0\nset_inode_field "/&" gid 0|' >"$work/owners"
mke2fs -qF -t ext4 -b 4096 -m 0 -E lazy_itable_init=0,lazy_journal_init=0 -d "$root" "$work/image" "${size}M" >/dev/null
debugfs -w -f "$work/owners" "$work/image" >/dev/null 2>"$work/errors"
if grep -v '^debugfs ' "$work/errors" >&2; then exit 1; fi # debugfs itself always ends with 0.
mv "$work/image" "$image"
