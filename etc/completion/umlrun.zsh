#compdef umlrun
# Completion of umlrun for zsh. Generated from src/cli/completion by `npm run generate`.
_umlrun() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-config|--config|-image|--image|-root|--root|-share|--share|-mem|--mem|-net|--net|-kernel|--kernel|-user|--user|-env|--env) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-config|--config) _files; return ;;
    (-image|--image) _files; return ;;
    (-root|--root) _files; return ;;
    (-share|--share) _files; return ;;
    (-mem|--mem) _message argument; return ;;
    (-net|--net) _message argument; return ;;
    (-kernel|--kernel) _files; return ;;
    (-user|--user) _message argument; return ;;
    (-env|--env) _message argument; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration.' '-help:Print a summary.' '-version:Print the version.' '-image:An image with a file system.' '-root:A directory as root.' '-share:A directory that the guest sees, too.' '-mem:Memory of the guest.' '-net:Its network.' '-kernel:The kernel.' '-user:The user of the host.' '-env:A variable of the environment.')
    _describe -o option choices; return
  fi
  case "$given" in
    (*) (($#given)) && _files || _command_names -e ;;
  esac
}
_umlrun "$@"
