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
    (-wait|--wait) choices=(launched kernel guest console ready stopped); _describe value choices; return ;;
    (-timeout|--timeout) _message argument; return ;;
    (-role|--role) _message argument; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-json:Print JSON, one document per line.' '-help:Print this summary.' '-version:Print the version.' '-wait:Option of restart.' '-timeout:Option of restart.' '-n:Option of user.' '-yes:Option of disk rollback.' '-update:Option of kernel fetch.' '-role:Option of password.' '-remove:Option of user.' '-list:Option of password.' '-ext4:Option of disk create.' '-filesystem:Option of disk resize.' '-same:Option of disk cow-rebase.')
    _describe -o option choices; return
  fi
  case "$given" in
    ('disk'|'disk '*) (($#given == 1)) && { choices=('list:List the images.' 'info:Show an image in detail.' 'create:Create a sparse image.' 'delete:Delete an image.' 'copy:Copy an image.' 'resize:Change the size of an image.' 'convert:Convert an image to a flat one.' 'check:Check the file system.' 'cow-create:Create a COW image.' 'cow-merge:Merge a COW image.' 'cow-rebase:Change the backing file.' 'snapshot:Take a snapshot.' 'rollback:Go back to a snapshot.' 'snapshot-delete:Delete a snapshot.'); _describe choice choices; } ;;
    ('user'|'user '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config unset'|'config unset '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config set'|'config set '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config get'|'config get '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('config'|'config '*) (($#given == 1)) && { choices=('get:Print the effective value of a key.' 'set:Set a key in the file.' 'unset:Remove a key from the file.' 'list:Print all settings and their lines.' 'check:List all problems.'); _describe choice choices; } ;;
    ('kernel use'|'kernel use '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('kernel'|'kernel '*) (($#given == 1)) && { choices=('list:List the kernels and their VMs.' 'info:Show a kernel in detail.' 'fetch:Install the newest kernel of Debian.' 'use:Set the kernel of a VM.'); _describe choice choices; } ;;
    ('cleanup'|'cleanup '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('update'|'update '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('restart'|'restart '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('stop'|'stop '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    ('start'|'start '*) vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms ;;
    (*) (($#given == 0)) && { choices=('list:List the VMs and their states.' 'start:Start monitors and their VMs.' 'stop:Stop VMs and their monitors.' 'restart:Stop guests cleanly, and start them again.' 'update:Apply a changed configuration.' 'doctor:Check the host and the configuration.' 'cleanup:Remove leftovers of stopped VMs.' 'kernel:Manage kernels.' 'config:Read, change and check the configuration.' 'password:Set a password for remote control.' 'user:Create a user of the host for a VM.' 'disk:Manage disk images.'); _describe choice choices; } ;;
  esac
}
_umladmin "$@"
