#!/bin/sh
# npm run bench: what umlmon adds to a bare kernel.
cd "$(dirname "$0")/../.." || exit
packages='run build'
. src/setup/environment.sh

exec node dist/bench.cjs "$@"
