#!/bin/sh
# npm run man: the manual pages of docs/ for man(1), in dist/man: man -M dist/man umlwatch
#
#   man.sh [DIRECTORY]
set -eu
[ $# -le 1 ] || {
  echo 'usage: man.sh [DIRECTORY]' >&2
  exit 2
}
cd "$(dirname "$0")/../.."
sh src/setup/packages.sh pandoc

for page in docs/*.[1-8].md; do
  name=$(basename "$page" .md)
  directory=${1:-dist/man}/man${name##*.}
  mkdir -p "$directory"
  # -smart: a hyphen in the source is a hyphen on the page.
  pandoc --standalone --from markdown-smart --to man --output "$directory/$name" "$page"
done
