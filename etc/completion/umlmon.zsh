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
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-json:Print JSON, one document per line.' '-fg:Stay in the foreground and log to standard error.' '-plan:Print what a start would do, and change nothing.' '-check:Check the configuration, and this host for the VM.' '-cleanup:Remove and list leftovers of a killed monitor.' '-units:Write the systemd units of all VMs to this directory.' '-help:Print this summary.' '-version:Print the version.')
    _describe -o option choices; return
  fi
  case "$given" in
    (*) (($#given == 0)) && { vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms; } ;;
  esac
}
_umlmon "$@"
