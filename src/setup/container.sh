#!/bin/sh
# Brings a small Debian with systemd, for tests of the units in a container, into a cache outside the tree:
#
#   container.sh [DIR]                DIR: $UMLMON_CACHE, or /var/cache/umlmon
#
# Everything comes from the Debian mirror that apt is configured with, in the release of this host, so that its Node.js
# runs there too. A cached container is used as it is.
# The last line on stdout is the root directory of the container; messages go to stderr.
# Exit status: 0 done, 1 failed, 6 the host lacks a tool, the keyring or a source.
set -eu
cd "$(dirname "$0")/../.."

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# What umlmon needs to run there, and Node.js.
packages=systemd,systemd-sysv,bubblewrap,iproute2,nftables,e2fsprogs,libstdc++6

say() { echo "container: $*" >&2; }
die() { # STATUS CAUSE HINT
  say "$2 (hint: $3)"
  exit "$1"
}

cache=${1:-${UMLMON_CACHE:-/var/cache/umlmon}}
mkdir -p "$cache"
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
root=$cache/container-$suite
use_cached() {
  [ -d "$root" ] || return 0
  echo "$root"
  exit 0
}
use_cached

[ "$(id -u)" -eq 0 ] || die 6 'only root can make a container' 'run the tests as root'
sh src/setup/packages.sh mmdebstrap systemd-container debian-archive-keyring
exec 9>"$cache/.container-lock"
flock 9
use_cached # Another run may have finished while this one waited.
rm -rf "$cache"/.container.* # Left by a run that was killed.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
  head -n 1)
[ -n "$mirror" ] || die 6 "no source of apt is Debian's own archive" 'apt-get update; see /etc/apt/sources.list'

new=$(mktemp -d "$cache/.container.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$new"
say "making a Debian $suite with systemd"
mmdebstrap --quiet --variant=minbase --keyring=$keyring --include=$packages "$suite" "$new" "$mirror" 2>"$new.log" || {
  tail -n 5 "$new.log" >&2
  rm -f "$new.log"
  die 1 'mmdebstrap failed' 'can the mirror be reached?'
}
rm -rf "$new.log" "$new"/var/cache/apt/archives/*.deb "$new"/var/lib/apt/lists/*
mv -T "$new" "$root"
say "$root is ready"
echo "$root"
