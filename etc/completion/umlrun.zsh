#compdef umlrun
# Completion of umlrun for zsh. Generated from src/cli/completion by `npm run generate`.
_umlrun() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-image|--image|-root|--root|-share|--share|-mem|--mem|-env|--env|-kernel|--kernel|-user|--user|-net|--net|-config|--config) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-image|--image) _files; return ;;
    (-root|--root) _files; return ;;
    (-share|--share) _files; return ;;
    (-mem|--mem) _message argument; return ;;
    (-env|--env) _message argument; return ;;
    (-kernel|--kernel) _files; return ;;
    (-user|--user) _message argument; return ;;
    (-net|--net) _message argument; return ;;
    (-config|--config) _files; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-image:A disk image as the root (shared/disks/root.dsk).' '-root:A directory of the host as the root.' '-share:Share this directory of the host. May be repeated.' '-mem:Memory of the guest (256M).' '-env:Set a variable for the command. May be repeated.' '-kernel:The kernel, or its directory (shared/kernels/linux).' '-user:Run the kernel as this user; only for root.' '-net:user: reach the network of the host through pasta(1).' '-config:Take the directories from this configuration.' '-help:Print this summary.' '-version:Print the version.')
    _describe -o option choices; return
  fi
  case "$given" in
    (*) (($#given)) && _files || _command_names -e ;;
  esac
}
_umlrun "$@"
