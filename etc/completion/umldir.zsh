#compdef umldir
# Completion of umldir for zsh. Generated from src/cli/completion by `npm run generate`.
_umldir() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-config|--config) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-config|--config) _files; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-json:Print JSON, one document per line.' '-list:List the VMs in the directory of this host or of HOST.' '-help:Print this summary.' '-version:Print the version.')
    _describe -o option choices; return
  fi
  case "$given" in
  esac
}
_umldir "$@"
