#!/bin/sh
# The demo itself, after environment.sh: a VM of its own in a temporary directory, a shell in it, and its end.
# With a terminal you are at the guest's prompt; without one a command is run on con1 and its output shown.
set -eu
umask 022 # The user of the VM must reach what is made here.

home=$(mktemp -d "${TMPDIR:-/tmp}/umlmon-demo.XXXXXX")
chmod 755 "$home"
monitor=

cleanup() {
  trap '' INT TERM
  [ -z "$monitor" ] || kill "$monitor" 2>/dev/null || :
  # The monitor stops its guest before it leaves.
  while [ -n "$monitor" ] && kill -0 "$monitor" 2>/dev/null; do sleep 0.1; done
  rm -rf "$home"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# Shows a command, and runs it.
run() {
  echo "\$ $*" | sed 's|^\$ dist/\([a-z]*\)|$ \1|'
  "$@"
}
umlmon=dist/umlmon
umlwatch=dist/umlwatch

vmuser=
[ "$(id -u)" -ne 0 ] || vmuser='vmuser = irc'
export UMLMON_CONFIG="$home/umlmon.ini"
cat >"$UMLMON_CONFIG" <<END
[GLOBAL]
vardir = $home/var
rundir = $home/run

[demo]
$vmuser
mem = 128M
ubd0 = /disks/root.dsk
con1 = pty
con2 = pty
END
echo "The configuration, $UMLMON_CONFIG:"
sed 's/^/    /' "$UMLMON_CONFIG"

mkdir -p "$home/var/shared/kernels/linux"
cp -R "$UMLMON_TEST_KERNEL/linux" "$UMLMON_TEST_KERNEL/lib" "$home/var/shared/kernels/linux"

run $umlmon demo
monitor=$(cat "$home/run/demo.pid")

cp --sparse=always "$UMLMON_TEST_IMAGE" "$home/var/demo/jail/disks/root.dsk"
[ -z "$vmuser" ] || chown irc "$home/var/demo/jail/disks/root.dsk"

run $umlwatch demo -start
if [ -t 0 ] && [ -t 1 ]; then
  echo 'You will be at a shell in the VM. CTRL-] d detaches; the VM is then stopped and removed.'
  run $umlwatch demo -connect con1
else
  command='uname -a; id; cat /proc/uptime'
  echo "\$ echo '$command' | umlwatch demo -connect con1"
  echo "$command" | $umlwatch demo -connect con1
  echo
fi
# A guest that was powered off from inside is stopped already.
$umlwatch demo -info | grep -q 'state *down' || run $umlwatch demo -stop
echo 'The log of its kernel is at an end:'
$umlwatch demo -log con0 | tail -n 2
