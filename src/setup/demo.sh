#!/bin/sh
# npm run demo: from a fresh checkout to a guest shell.
cd "$(dirname "$0")/../.." || exit
packages='run build'
. src/setup/environment.sh

sh src/setup/run-demo.sh
