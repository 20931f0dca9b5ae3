# Completion of umladmin(8) for bash. Generated from src/cli/admin/table.ts by `npm run generate`.
# Source it, or install it as umladmin in the directory of bash-completion.

_umladmin() {
  local -
  set -f
  local IFS=$' \t\n' line word=${COMP_WORDS[COMP_CWORD]} offers= offer
  line=${COMP_LINE:0:COMP_POINT}
  set -- $line
  [[ $line == *[[:space:]] ]] && set -- "$@" ""
  shift
  local -a given=()
  while [ $# -gt 1 ]; do
    case $1 in -config | --config) shift ;; -*) ;; *) given+=("$1") ;; esac
    shift
  done
  local begun=${1-}
  case "${given[*]:0:2}" in
    '') offers='list start stop restart update doctor cleanup kernel config password user disk -config -json -help -version' ;;
    kernel) offers='list info fetch use' ;;
    config) offers='get set unset list check' ;;
    disk) offers='list info create delete copy resize convert check cow-create cow-merge cow-rebase snapshot rollback snapshot-delete' ;;
    list | 'list '*) offers='-json' ;;
    start | 'start '*) offers='-wait -timeout -json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    stop | 'stop '*) offers='-timeout -json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    restart | 'restart '*) offers='-wait -timeout -json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    update | 'update '*) offers='-n -yes -json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    doctor | 'doctor '*) offers='-json' ;;
    cleanup | 'cleanup '*) offers='-json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    'kernel list') offers='-json' ;;
    'kernel info') offers='-json'" $(umladmin kernel list 2>/dev/null | cut -d" " -f1)" ;;
    'kernel fetch') offers='-update -json' ;;
    'kernel use') offers='-json'" $(umladmin list 2>/dev/null | cut -d" " -f1)"" $(umladmin kernel list 2>/dev/null | cut -d" " -f1)" ;;
    'config get') offers='-json GLOBAL vardir rundir shared group group_roles tcp tcp_address tls_cert tls_key userns mac_pool escape web_user web_listen web_tls_cert web_tls_key web_url web_hosts web_password_file web_ca umldir_address umldir_port tcp_redir umlredir_port umldir_user host_name host_address etcd etcd_lease start start_order start_delay vmuser kernel mem root root_mode ubd0 ubd1 ubd2 ubd3 ubd4 ubd5 ubd6 ubd7 ubd8 ubd9 ubd10 ubd11 ubd12 ubd13 ubd14 ubd15 eth0 eth1 eth2 eth3 eth4 eth5 eth6 eth7 eth8 eth9 eth10 eth11 eth12 eth13 eth14 eth15 con0 con1 con2 con3 con4 con5 con6 con7 con8 con9 con10 con11 con12 con13 con14 con15 ssl0 ssl1 ssl2 ssl3 ssl4 ssl5 ssl6 ssl7 ssl8 ssl9 ssl10 ssl11 ssl12 ssl13 ssl14 ssl15 ssl16 ssl17 ssl18 ssl19 ssl20 ssl21 ssl22 ssl23 ssl24 ssl25 ssl26 ssl27 ssl28 ssl29 ssl30 ssl31 ssl32 ssl33 ssl34 ssl35 ssl36 ssl37 ssl38 ssl39 ssl40 ssl41 ssl42 ssl43 ssl44 ssl45 ssl46 ssl47 ssl48 ssl49 ssl50 ssl51 ssl52 ssl53 ssl54 ssl55 ssl56 ssl57 ssl58 ssl59 ssl60 ssl61 ssl62 ssl63 sync_interval append cpu fast_boot ready ready_pattern stop_timeout on_poweroff on_reboot on_crash on_hang hang_check mem_trim metrics hook pause_limit control_idle restart_limit crash_bundles backup_dir backups backup_freeze log_size log_count tcp_port max_processes memory_max cpu_weight'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    'config set') offers='-json GLOBAL vardir rundir shared group group_roles tcp tcp_address tls_cert tls_key userns mac_pool escape web_user web_listen web_tls_cert web_tls_key web_url web_hosts web_password_file web_ca umldir_address umldir_port tcp_redir umlredir_port umldir_user host_name host_address etcd etcd_lease start start_order start_delay vmuser kernel mem root root_mode ubd0 ubd1 ubd2 ubd3 ubd4 ubd5 ubd6 ubd7 ubd8 ubd9 ubd10 ubd11 ubd12 ubd13 ubd14 ubd15 eth0 eth1 eth2 eth3 eth4 eth5 eth6 eth7 eth8 eth9 eth10 eth11 eth12 eth13 eth14 eth15 con0 con1 con2 con3 con4 con5 con6 con7 con8 con9 con10 con11 con12 con13 con14 con15 ssl0 ssl1 ssl2 ssl3 ssl4 ssl5 ssl6 ssl7 ssl8 ssl9 ssl10 ssl11 ssl12 ssl13 ssl14 ssl15 ssl16 ssl17 ssl18 ssl19 ssl20 ssl21 ssl22 ssl23 ssl24 ssl25 ssl26 ssl27 ssl28 ssl29 ssl30 ssl31 ssl32 ssl33 ssl34 ssl35 ssl36 ssl37 ssl38 ssl39 ssl40 ssl41 ssl42 ssl43 ssl44 ssl45 ssl46 ssl47 ssl48 ssl49 ssl50 ssl51 ssl52 ssl53 ssl54 ssl55 ssl56 ssl57 ssl58 ssl59 ssl60 ssl61 ssl62 ssl63 sync_interval append cpu fast_boot ready ready_pattern stop_timeout on_poweroff on_reboot on_crash on_hang hang_check mem_trim metrics hook pause_limit control_idle restart_limit crash_bundles backup_dir backups backup_freeze log_size log_count tcp_port max_processes memory_max cpu_weight'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    'config unset') offers='-json GLOBAL vardir rundir shared group group_roles tcp tcp_address tls_cert tls_key userns mac_pool escape web_user web_listen web_tls_cert web_tls_key web_url web_hosts web_password_file web_ca umldir_address umldir_port tcp_redir umlredir_port umldir_user host_name host_address etcd etcd_lease start start_order start_delay vmuser kernel mem root root_mode ubd0 ubd1 ubd2 ubd3 ubd4 ubd5 ubd6 ubd7 ubd8 ubd9 ubd10 ubd11 ubd12 ubd13 ubd14 ubd15 eth0 eth1 eth2 eth3 eth4 eth5 eth6 eth7 eth8 eth9 eth10 eth11 eth12 eth13 eth14 eth15 con0 con1 con2 con3 con4 con5 con6 con7 con8 con9 con10 con11 con12 con13 con14 con15 ssl0 ssl1 ssl2 ssl3 ssl4 ssl5 ssl6 ssl7 ssl8 ssl9 ssl10 ssl11 ssl12 ssl13 ssl14 ssl15 ssl16 ssl17 ssl18 ssl19 ssl20 ssl21 ssl22 ssl23 ssl24 ssl25 ssl26 ssl27 ssl28 ssl29 ssl30 ssl31 ssl32 ssl33 ssl34 ssl35 ssl36 ssl37 ssl38 ssl39 ssl40 ssl41 ssl42 ssl43 ssl44 ssl45 ssl46 ssl47 ssl48 ssl49 ssl50 ssl51 ssl52 ssl53 ssl54 ssl55 ssl56 ssl57 ssl58 ssl59 ssl60 ssl61 ssl62 ssl63 sync_interval append cpu fast_boot ready ready_pattern stop_timeout on_poweroff on_reboot on_crash on_hang hang_check mem_trim metrics hook pause_limit control_idle restart_limit crash_bundles backup_dir backups backup_freeze log_size log_count tcp_port max_processes memory_max cpu_weight'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    'config list') offers='-json GLOBAL'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    'config check') offers='-json' ;;
    password | 'password '*) offers='-role -remove -list -json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    user | 'user '*) offers='-remove -n -json'" $(umladmin list 2>/dev/null | cut -d" " -f1)" ;;
    'disk list') offers='-json' ;;
    'disk info') offers='-json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk create') offers='-ext4 -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk delete') offers='-yes -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk copy') offers='-json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk resize') offers='-filesystem -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk convert') offers='-yes -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk check') offers='-yes -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk cow-create') offers='-json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk cow-merge') offers='-yes -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk cow-rebase') offers='-same -yes -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk snapshot') offers='-json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk rollback') offers='-yes -json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
    'disk snapshot-delete') offers='-json'" $(umladmin disk list 2>/dev/null | cut -d" " -f1)" ;;
  esac
  local before=${begun%"$word"}
  COMPREPLY=()
  for offer in $offers; do
    [[ $offer == "$begun"* ]] || continue
    printf -v offer %q "${offer#"$before"}"
    COMPREPLY+=("$offer")
  done
  return 0
}
complete -F _umladmin umladmin
