#!/bin/sh
# npm run fuzz: a million hostile inputs for everything that reads what others wrote; some minutes, no root needed.
#   UMLMON_FUZZ_INPUTS   another number of inputs
#   UMLMON_FUZZ_SEED     the run that printed this seed, again
#   -- TARGET HEX        one input alone
# Exit status: 0 all well, 1 not.
cd "$(dirname "$0")/../.." || exit
set -e
sh src/setup/node.sh

npx esbuild test/fuzz/main.ts test/fuzz/watchdog.ts --outdir=dist/fuzz --out-extension:.js=.mjs --bundle \
  --platform=node --target=node20 --format=esm --define:__filename=import.meta.filename --external:koffi \
  --external:node-pty --log-level=warning
exec node --expose-gc dist/fuzz/main.mjs "$@"
