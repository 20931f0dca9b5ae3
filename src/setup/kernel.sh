#!/bin/sh
# Brings Debian's newest User Mode Linux kernel, with the libraries it needs, into a cache outside the tree:
#
#   kernel.sh [--update] [DIR]        DIR: $UMLMON_CACHE, or root: /var/cache/umlmon (the VMs' users must be able
#                                     to reach it), others: ${XDG_CACHE_HOME:-~/.cache}/umlmon
#
#   DIR/kernel-VERSION/linux          the kernel
#   DIR/kernel-VERSION/lib/           its loader and libraries (newer than those of an older host)
#   DIR/kernel-VERSION/modules/       the guest's /lib/modules
#   DIR/kernel-VERSION/VERSION        version of the package
#   DIR/kernel                        symbolic link to the newest
#
# Everything comes from the Debian mirror that apt is configured with, checked against Debian's keyring.
# The directories of apt are private: the host's package state is neither used nor changed, and root is not needed.
# A cached kernel is used as it is, without network; --update looks for a newer one.
# The last line on stdout is the kernel directory; messages go to stderr.
# Exit status: 0 done, 1 failed, 2 usage, 4 mirror unreachable, 6 the host lacks a tool, the keyring or a source.
set -eu

suite=forky
package=user-mode-linux
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "kernel: $*" >&2; }
die() { # STATUS CAUSE HINT
  say "$2 (hint: $3)"
  exit "$1"
}

update=no
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
case "$#:${1-}" in
  0: | 1:[!-]*) ;;
  *)
    echo 'usage: kernel.sh [--update] [DIR]' >&2
    exit 2
    ;;
esac
cache=${1:-${UMLMON_CACHE-}}
if [ -z "$cache" ]; then
  cache=/var/cache/umlmon
  [ "$(id -u)" -eq 0 ] || cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/umlmon
fi
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# Prints the cached kernel's directory and ends, if there is one.
use_cached() {
  [ -x "$cache/kernel/linux" ] || return 0
  echo "$cache/$(readlink "$cache/kernel")"
  exit 0
}
[ $update = yes ] || use_cached

for tool in apt-get dpkg dpkg-deb flock; do
  command -v $tool >/dev/null || die 6 "$tool is missing" \
    'this script needs Debian or a relative; elsewhere fill a kernel directory by hand'
done
[ -r $keyring ] || die 6 "Debian's keyring $keyring is missing" 'apt-get install debian-archive-keyring'

exec 9>"$cache/.lock"
flock 9
[ $update = yes ] || use_cached # Another run may have finished while this one waited.
rm -rf "$cache"/.new.* # Left by a run that was killed: no living run has one while the lock is ours.
work=$(mktemp -d "$cache/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/state/lists/partial" "$work/apt/archives/partial" "$work/root"
: >"$work/status"

# An apt whose state is all in $work; further arguments choose the sources.
# NoLocking: its locks would be for directories that belong to this run alone.
private() {
  command=$1
  shift
  "$command" -q -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/apt" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un 2>/dev/null || id -u)" -o APT::Update::Error-Mode=any \
    -o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}
debian_uris() {
  "$@" --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null || true
}

# apt knows which source is Debian's own archive once it has that source's Release file.
mirror=$(debian_uris apt-get indextargets | head -n 1)
if [ -z "$mirror" ]; then
  say "asking apt's sources which of them is Debian's archive"
  private apt-get update >"$work/log" 2>&1 || true
  mirror=$(debian_uris private apt-get indextargets | head -n 1)
fi
[ -n "$mirror" ] || die 6 "no source of apt is Debian's own archive, or none can be reached" \
  'see apt-get update and /etc/apt/sources.list'

architecture=$(dpkg --print-architecture)
echo "deb [arch=$architecture signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
debian() {
  command=$1
  shift
  private "$command" -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null "$@"
}

say "reading Debian's list of packages (suite $suite)"
if ! debian apt-get update >"$work/log" 2>&1; then
  grep '^[EW]:' "$work/log" >&2 || true
  if [ -x "$cache/kernel/linux" ]; then
    say 'cannot look for a newer kernel; the cached one stays in use'
    use_cached
  fi
  die 4 "the Debian mirror of apt's sources could not be read" 'does apt-get update work? a proxy may be needed'
fi
version=$(debian apt-cache show --no-all-versions $package 2>/dev/null | sed -n 's/^Version: //p')
[ -n "$version" ] || die 1 "suite $suite has no $package for $architecture" 'Debian builds it for amd64 only'

directory=kernel-$version
if [ ! -d "$cache/$directory" ]; then
  say "fetching $package $version and its libraries"
  if ! debian apt-get install --yes --no-install-recommends --download-only $package >"$work/log" 2>&1; then
    grep '^[EW]:' "$work/log" >&2 || true
    die 4 "$package $version could not be fetched" 'is the disk full, or the network gone?'
  fi
  for archive in "$work"/apt/archives/*.deb; do
    dpkg-deb -x "$archive" "$work/root"
    rm "$archive"
  done

  new=$work/$directory
  kernel=$work/root/usr/bin/linux.uml
  mkdir -p "$new/lib"
  packaged() { # Path of the file NAME in the fetched packages, links followed.
    found=$(find "$work/root" -name "$1" | head -n 1)
    [ -n "$found" ] || die 1 "no fetched package has $1" 'please report it'
    readlink -f "$found"
  }
  # The kernel's own loader lists what it would load. A static kernel names no loader.
  loader=$(head -c 4096 "$kernel" | tr '\0' '\n' | grep -m 1 '^/lib.*/ld' || true)
  if [ -n "$loader" ]; then
    cp "$(packaged "${loader##*/}")" "$new/lib/${loader##*/}"
    path=$(find "$work/root" -name '*.so.*' ! -path '*/gconv/*' -printf '%h\n' | sort -u | paste -sd :)
    take() { # FILE: copies every library FILE needs.
      "$new/lib/${loader##*/}" --library-path "$path" --list "$1" >"$work/needed" ||
        die 1 "the libraries of ${1##*/} cannot be resolved" 'please report it'
      while read -r name arrow from _; do
        [ "$arrow" = '=>' ] && [ "$name" != "$loader" ] || continue
        [ -e "$new/lib/$name" ] || cp -L "$from" "$new/lib/$name"
      done <"$work/needed"
    }
    take "$kernel"
    # libc loads some libraries by name when a thread ends; without them the kernel aborts at power off.
    for name in $(cat "$new"/lib/* | grep -aoE 'lib[A-Za-z0-9_+-]+\.so\.[0-9]+ must be installed' | cut -d' ' -f1 |
      sort -u); do
      from=$(packaged "$name")
      cp "$from" "$new/lib/$name"
      take "$from"
    done
  fi
  mv "$work/root/usr/lib/uml/modules" "$new/modules"
  mv "$kernel" "$new/linux"
  echo "$version" >"$new/VERSION"
  chmod -R a+rX "$new"
  mv -T "$new" "$cache/$directory"
fi
ln -s "$directory" "$work/kernel"
mv -T "$work/kernel" "$cache/kernel"
say "$package $version is ready"
echo "$cache/$directory"
