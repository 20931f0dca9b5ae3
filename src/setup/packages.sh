#!/bin/sh
# Installs missing Debian packages: packages.sh {run|build|test|PACKAGE}...
# Root installs with apt. Another user gets the command that would do it, and a failure.
# Exit status: 0 all installed, 1 something is missing or could not be installed, 2 usage, 6 not a Debian host.
set -eu

# What umlmon needs to run, to be built, and to be tested. The only place that lists packages.
run='bubblewrap util-linux iproute2 nftables passt openssl e2fsprogs busybox-static debian-archive-keyring'
build='python3 make g++'
test='uml-utilities strace iperf3 tcpdump etcd-server etcd-client chromium fonts-dejavu-core debootstrap mmdebstrap
  systemd-container zsh fish fdisk xfsprogs btrfs-progs dosfstools squashfs-tools rpcsvc-proto
  libtirpc-dev libc6-dev gcc tmux procps curl pandoc vim less htop dialog bindfs
  logrotate locales libfaketime'

[ $# -gt 0 ] || {
  echo 'usage: packages.sh {run|build|test|PACKAGE}...' >&2
  exit 2
}
wanted=
for word; do
  case $word in
    run) wanted="$wanted $run" ;;
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    *) wanted="$wanted $word" ;;
  esac
done
command -v dpkg-query >/dev/null || {
  echo "packages: no dpkg here (hint: this is not Debian; install by hand what matches$wanted)" >&2
  exit 6
}

# dpkg-query fails when it does not know one of the names, and still prints the others.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' || true)
missing=
for package in $wanted; do
  case "
$installed
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "sudo apt-get install$missing"
  exit 1
fi
echo "packages: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
lock_wait=${UMLMON_APT_WAIT:-1800} # seconds

# apt-get that waits while another one (cloud-init, unattended-upgrades) has a lock of apt, and names it.
apt() {
  since=$(date +%s)
  told=
  while :; do
    echo 0 >"$scratch/status"
    { apt-get -o DPkg::Lock::Timeout=0 "$@" </dev/null 2>&1 || echo $? >"$scratch/status"; } |
      tee "$scratch/output" >&2
    status=$(cat "$scratch/status")
    [ "$status" -ne 0 ] || return 0
    holder=$(sed -n 's/.*Could not get lock.*held by process \([0-9]* ([^)]*)\).*/\1/p; t
      s/.*Could not get lock.*/another program/p' "$scratch/output" | head -n 1)
    [ -n "$holder" ] || return "$status"
    if [ $(($(date +%s) - since)) -ge "$lock_wait" ]; then
      echo "packages: apt is in use by $holder for $lock_wait s already (hint: see what it does; try again later)" >&2
      return "$status"
    fi
    [ "$holder" = "$told" ] || echo "packages: waits for apt, which is in use by $holder" >&2
    told=$holder
    sleep 1
  done
}

install() { apt -qq install --yes --no-install-recommends $missing; }
# A fresh host has no list of packages, an old one names versions that the mirror no longer has.
if apt-get -qq --simulate install $missing >/dev/null 2>&1 && install; then exit 0; fi
apt -qq update
install
