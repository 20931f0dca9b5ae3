#!/bin/sh
# npm run test:unit: the tests that need neither root, nor a kernel, nor packages of the tests.
# It prints how much of the pure files they cover.
cd "$(dirname "$0")/../.." || exit
set -e
sh src/setup/node.sh

exec npx vitest run --project unit --coverage "$@"
