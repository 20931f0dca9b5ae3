#!/bin/sh
# npm run bench: what umlmon adds to a bare kernel, and what it costs. Needs root, and about six minutes.
# Some of them only: npm run bench -- console viewers (or paces, start, debian, idle, merge, network, between, backup, backups, umlrun, web).
# The main ones with wide budgets, in about a minute (as in CI): `npm run bench -- gate`.
# Exit status: 0 all within their budgets, 1 not, 6 not root.
cd "$(dirname "$0")/../.." || exit
[ "$(id -u)" -eq 0 ] || {
  echo 'bench: root is needed, as monitors run their kernels as another user (hint: sudo npm run bench)' >&2
  exit 6
}
packages='run build'
. src/setup/environment.sh

npx esbuild test/bench/main.ts test/bench/consoles/crowd.ts test/bench/consoles/paced.ts --outdir=dist/test/bench --out-extension:.js=.mjs --bundle --platform=node --target=node20 --format=esm \
  --define:__filename=import.meta.filename --external:koffi --external:node-pty --external:playwright-core --external:ws --log-level=warning
exec node --v8-pool-size=0 dist/test/bench/main.mjs "$@"
