#!/bin/sh
# npm test: all tests, or those named: npm test -- test/kernel
cd "$(dirname "$0")/../.." || exit
packages='run build test'
. src/setup/environment.sh

exec npx vitest run "$@"
