#!/bin/sh
# npm run check: types, lint, whether generated files are current, the language of all texts, and the direction of imports.
cd "$(dirname "$0")/../.." || exit
set -e
sh src/setup/node.sh

npx tsc -p .
npx tsc -p src/web/browser
npx biome check --error-on-warnings
node src/setup/generate/generate.mjs --check
node src/setup/prose/prose.mjs
npx vitest run test/layers.test.ts
