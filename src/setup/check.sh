#!/bin/sh
# npm run check: types, lint, generated files, direction of imports, structure, and the language of all texts.
cd "$(dirname "$0")/../.." || exit
set -e
sh src/setup/node.sh

npx tsc -p .
npx tsc -p src/web/browser
npx biome check --error-on-warnings
node src/setup/generate/generate.mjs --check
npx vitest run --project unit test/layers.test.ts test/pure.test.ts test/tiers.test.ts
node src/setup/structure.mjs
node src/setup/prose/prose.mjs
