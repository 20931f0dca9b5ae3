#compdef umlmon
# Completion of umlmon for zsh. Generated from src/cli/completion by `npm run generate`.
_umlmon() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-config|--config|-units|--units) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-config|--config) _files; return ;;
    (-units|--units) _files; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration.' '-json:Print JSON documents.' '-help:Print a summary.' '-version:Print the version.' '-fg:Stay in the foreground.' '-plan:Print what a start would do.' '-check:Check configuration and host.' '-cleanup:Remove what a killed monitor has left.' '-units:Write units for systemd.')
    _describe -o option choices; return
  fi
  case "$given" in
    (*) (($#given == 0)) && { vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms; } ;;
  esac
}
_umlmon "$@"
