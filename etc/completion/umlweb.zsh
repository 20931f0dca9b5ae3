#compdef umlweb
# Completion of umlweb for zsh. Generated from src/cli/completion by `npm run generate`.
_umlweb() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-config|--config) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-config|--config) _files; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-help:Print this summary.' '-version:Print the version.')
    _describe -o option choices; return
  fi
  case "$given" in
  esac
}
_umlweb "$@"
