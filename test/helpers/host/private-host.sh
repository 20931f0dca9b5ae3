#!/bin/sh
# Runs a command as root of a host of its own: what it writes to /etc, /home, /tmp, /usr/local and /var/lib, or below /run,
# is gone when it ends, and so are all processes that it has started. umlmon was never set up there, whatever is on ours.
#
#   private-host.sh COMMAND [ARGUMENT]...
set -eu

if [ "${1-}" != --inside ]; then
  exec unshare --mount --pid --fork --kill-child --propagation private -- sh "$0" --inside "$@"
fi
shift
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
for directory in /etc /home /tmp /usr/local /var/lib; do
  layer=/run/.private-host$directory
  mkdir -p "$layer/upper" "$layer/work"
  chmod --reference=$directory "$layer/upper"
  mount -t overlay -o "lowerdir=$directory,upperdir=$layer/upper,workdir=$layer/work" overlay $directory
done
rm -rf /etc/umlmon /var/lib/umlmon /usr/local/bin/uml*
sed -n 's/^\(uml-vm[0-9]*\):.*/\1/p' /etc/passwd | xargs -r -n 1 userdel
exec "$@"
