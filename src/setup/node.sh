#!/bin/sh
# Brings what Node needs: the locked npm packages, then dist/ from the sources. Each only when it is out of date.
set -eu
cd "$(dirname "$0")/../.."

oldest=20.17
version=$(node --version 2>/dev/null) || {
  echo "node: Node.js is missing (hint: install version $oldest or newer)" >&2
  exit 6
}
version=${version#v}
major=${version%%.*}
minor=${version#*.}
minor=${minor%%.*}
if [ "$major" -lt "${oldest%.*}" ] || { [ "$major" -eq "${oldest%.*}" ] && [ "$minor" -lt "${oldest#*.}" ]; }; then
  echo "node: Node.js $version is too old (hint: install version $oldest or newer)" >&2
  exit 6
fi

# npm writes its own copy of the lock file last, so it is as new as a finished installation.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  sh src/setup/packages.sh build # node-pty compiles its native part.
  echo 'node: npm ci' >&2
  npm ci --no-progress --loglevel=error >&2
  touch node_modules/.package-lock.json
fi

oldest_program=$(ls -tr dist/*.cjs 2>/dev/null | head -n 1)
if [ -z "$oldest_program" ] || [ -n "$(find src package-lock.json -newer "$oldest_program" -type f | head -n 1)" ]; then
  echo 'node: building dist/' >&2
  node src/setup/build/build.mjs >&2
fi
