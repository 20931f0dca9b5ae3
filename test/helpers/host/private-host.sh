#!/bin/sh
# Runs a command as root of a private host. When it ends, its files in /etc, /home, /tmp, /usr/local, /var/lib and below /run
# are removed, and all its processes are killed. umlmon was never set up there, independent of the real host.
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
