#!/bin/sh
# npm run install-host: puts programs, manual pages, completions, units and rc script on this host.
# npm run uninstall-host removes what it has put there.
#
#   [PREFIX=/usr/local] [DESTDIR=] install-host.sh [--undo] [-n]     -n: only print what would be done
set -eu
cd "$(dirname "$0")/../.."
case ${1-} in
  --undo) ;;
  *)
    sh src/setup/node.sh
    sh src/setup/man.sh
    ;;
esac
exec node src/setup/install-host.mjs "$@"
