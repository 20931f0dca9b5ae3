# Sourced at the top of an environment, in private namespaces, as root. Makes a host on a root directory in memory. The host has
# the programs, a kernel, and a VM that root or an ordinary user has configured.
#   given:    who (root, user), uid, passwd (yes, no), project, kernel, image, node
#   defined:  var, run, home, config, owner
umask 022
root=$project/dist/test/environment
mkdir -p "$root"
mount -t tmpfs -o mode=755 none "$root"
cd "$root" || exit
mkdir usr etc dev proc sys opt run tmp var var/lib home root old
chmod 1777 tmp
for directory in usr etc dev sys proc; do mount --rbind /$directory $directory; done
for link in bin sbin lib lib64 lib32; do
  if [ -L /$link ]; then cp -P /$link .; elif [ -d /$link ]; then mkdir $link && mount --bind /$link $link; fi
done
for directory in run tmp; do mount -t tmpfs none $directory; done
chmod 1777 tmp
mkdir -p opt/umlmon/dist opt/umlmon/node_modules opt/kernel opt/node
mount --bind "$project/dist" opt/umlmon/dist
mount --bind "$project/node_modules" opt/umlmon/node_modules
mount --bind "$kernel" opt/kernel
: >opt/image >opt/node/node
mount --bind "$image" opt/image
: >opt/node/node
mount --bind "$node" opt/node/node
for name in passwd group; do cp /etc/$name opt/$name; done
[ "$passwd" = no ] || echo "person:x:$uid:$uid::/home/person:/bin/sh" >>opt/passwd
[ "$passwd" = no ] || echo "person:x:$uid:" >>opt/group
for name in passwd group; do mount --bind opt/$name etc/$name; done
pivot_root . old
umount -l /old
rmdir /old
cd / || exit

if [ "$who" = root ]; then
  home=/root var=/var/lib/umlmon run=/run/umlmon config=/opt/umlmon.ini owner=irc
else
  home=/home/person run=/run/user/$uid/umlmon owner=$uid:$uid
  var=$home/.local/state/umlmon config=$home/.config/umlmon/umlmon.ini
  mkdir -p "$home" "/run/user/$uid"
  mount -t tmpfs -o "mode=700,nosuid,nodev,uid=$uid,gid=$uid" none "/run/user/$uid"
fi
mkdir -p "$var"
mount -t tmpfs -o mode=755 none "$var"
mkdir -p "${config%/*}" "$var/shared/kernels" "$var/shared/disks" "$var/vm1/jail/disks"
# All modules are ten times as large as the rest; umlrun needs one of them.
mkdir "$var/shared/kernels/linux"
(cd /opt/kernel && cp -r --parents linux lib modules/*/kernel/fs/overlayfs/overlay.ko "$var/shared/kernels/linux")
cp --sparse=always /opt/image "$var/vm1/jail/disks/root.dsk"
cp --sparse=always /opt/image "$var/shared/disks/root.dsk"
mkdir -p /opt/tree/bin
cp "$(command -v busybox)" /opt/tree/bin/sh
