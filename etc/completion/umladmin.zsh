#compdef umladmin
# Completion of umladmin for zsh. Generated from src/cli/completion by `npm run generate`.
_umladmin() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-config|--config|-wait|--wait|-timeout|--timeout|-role|--role) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-config|--config) _files; return ;;
    (-wait|--wait) choices=(launched kernel guest console ready down); _describe value choices; return ;;
    (-timeout|--timeout) _message argument; return ;;
    (-role|--role) _message argument; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-json:Print JSON, one document per line.' '-help:Print this summary.' '-version:Print the version.' '-wait:Option of restart.' '-timeout:Option of restart.' '-n:Option of user.' '-yes:Option of disk rollback.' '-update:Option of kernel fetch.' '-role:Option of password.' '-remove:Option of user.' '-list:Option of password.' '-ext4:Option of disk create.' '-filesystem:Option of disk resize.' '-same:Option of disk cow-rebase.')
    _describe -o option choices; return
  fi
  case "$given" in
    ('disk'|'disk '*) (($#given == 1)) && { choices=('list:List the images.' 'info:Tell all about an image.' 'create:Make an image, sparse.' 'delete:Remove an image.' 'copy:Copy an image.' 'resize:Change its size.' 'convert:Make a flat image of one.' 'check:Look for damage.' 'cow-create:Make a COW image.' 'cow-merge:Merge two layers.' 'cow-rebase:Put it over another backing file.' 'snapshot:Keep its present state.' 'rollback:Go back to a snapshot.' 'snapshot-delete:Forget a snapshot.'); _describe word choices; } ;;
    ('user'|'user '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config unset'|'config unset '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config set'|'config set '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config get'|'config get '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config'|'config '*) (($#given == 1)) && { choices=('get:Print a value in force.' 'set:Change the file.' 'unset:Take a key out of the file.' 'list:Print all, with their lines.' 'check:Look for mistakes.'); _describe word choices; } ;;
    ('kernel use'|'kernel use '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('kernel'|'kernel '*) (($#given == 1)) && { choices=('list:List the kernels and who uses them.' 'info:Tell all about a kernel.' 'fetch:Get Debian'\''s newest kernel.' 'use:Have a VM boot this kernel.'); _describe word choices; } ;;
    ('cleanup'|'cleanup '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('update'|'update '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('restart'|'restart '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('stop'|'stop '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('start'|'start '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    (*) (($#given == 0)) && { choices=('list:List the VMs and their states.' 'start:Start monitors.' 'stop:Stop VMs and their monitors.' 'restart:Stop guests in order, start them.' 'update:Apply a changed configuration.' 'doctor:Examine the host.' 'cleanup:Remove what dead VMs left.' 'kernel:Manage kernels.' 'config:Read, change, check settings.' 'password:Set a password for remote control.' 'user:Make a user for a VM alone.' 'disk:Work on disk images.'); _describe word choices; } ;;
  esac
}
_umladmin "$@"
