#!/bin/sh
# Makes the root image of a Debian 13 guest with systemd, for tests, in a cache outside the tree:
#
#   debian-guest.sh [DIR]             DIR: $UMLMON_CACHE, or /var/cache/umlmon
#
# All packages come from the Debian mirror that apt is configured with. A cached image is used as it is, unless this
# script is newer. The password of the guest's root is "guest".
# The last line on stdout is the path of the image; messages go to stderr.
# Exit status: 0 done, 1 failed, 6 the host lacks a tool, the keyring or a source.
set -eu
cd "$(dirname "$0")/../.."

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
packages=systemd,systemd-sysv,dbus,login,passwd,procps,iproute2,iputils-ping

say() { echo "debian-guest: $*" >&2; }
die() { # STATUS CAUSE HINT
  say "$2 (hint: $3)"
  exit "$1"
}

cache=${1:-${UMLMON_CACHE:-/var/cache/umlmon}}
mkdir -p "$cache"
image=$cache/debian-13.img
use_cached() {
  [ -e "$image" ] && [ "$image" -nt src/setup/debian-guest.sh ] || return 0
  echo "$image"
  exit 0
}
use_cached

[ "$(id -u)" -eq 0 ] || die 6 'only root can make this image' 'run the tests as root'
sh src/setup/packages.sh mmdebstrap debian-archive-keyring
exec 9>"$cache/.debian-guest-lock"
flock 9
use_cached # Another run may have finished while this one waited.
rm -rf "$cache"/.debian-guest.* # Left by a run that was killed.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
  head -n 1)
[ -n "$mirror" ] || die 6 "no source of apt is Debian's own archive" 'apt-get update; see /etc/apt/sources.list'

work=$(mktemp -d "$cache/.debian-guest.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root
say 'making a Debian 13 with systemd'
mmdebstrap --quiet --variant=minbase --keyring=$keyring --include=$packages trixie "$root" "$mirror" 2>"$work/log" || {
  tail -n 5 "$work/log" >&2
  die 1 'mmdebstrap failed' 'can the mirror be reached?'
}
hash=$(openssl passwd -6 -salt umlmon guest)
sed -i "s|^root:[^:]*:|root:$hash:|" "$root/etc/shadow"
echo debian >"$root/etc/hostname"
echo '/dev/ubda / ext4 defaults 0 1' >"$root/etc/fstab"
: >"$root/etc/machine-id"
# The guest reports that it is up, and freezes its root file system for backups.
cat >"$root/etc/systemd/system/umlmon-ready.service" <<'UNIT'
[Unit]
Description=Says to the monitor that the guest is up
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo ready >/proc/mconsole'

[Install]
WantedBy=multi-user.target
UNIT
cat >"$root/usr/local/sbin/freeze-agent" <<'AGENT'
#!/bin/bash
# The loop of umlmon(7), BACKUPS.
while read -r word id; do
  [ "$word" = freeze ] || continue
  fsfreeze --freeze / && echo "frozen $id"
  read -r -t 60 word other
  fsfreeze --unfreeze / && echo "thawed $id"
done <>/dev/ttyS0 >&0
AGENT
chmod 755 "$root/usr/local/sbin/freeze-agent"
cat >"$root/etc/systemd/system/freeze-agent.service" <<'UNIT'
[Unit]
Description=Freezes file systems for the backups of the monitor

[Service]
ExecStart=/usr/local/sbin/freeze-agent

[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl enable umlmon-ready freeze-agent 2>>"$work/log" || {
  tail -n 5 "$work/log" >&2
  die 1 'the services of the guest cannot be enabled' 'see above'
}
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/locale
/sbin/mke2fs -qF -t ext4 -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 -d "$root" "$work/image" 1G >/dev/null
mv "$work/image" "$image"
say "$image is ready"
echo "$image"
