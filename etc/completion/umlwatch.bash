# Completion of umlwatch for bash. Generated from src/cli/completion by `npm run generate`.
_umlwatch() {
  local -
  set -f
  local IFS=$' \t\n' now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at offers= offer
  local -a given=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in -config | --config | -mconsole-socket | --mconsole-socket | -password-file | --password-file | -ca | --ca | -sysrq | --sysrq | -stack | --stack | -log-to-guest | --log-to-guest | -wait | --wait | -plug | --plug | -unplug | --unplug | -plug-net | --plug-net | -unplug-net | --unplug-net | -connect | --connect | -screen | --screen | -history | --history | -run | --run | -send | --send | -expect | --expect | -log | --log | -disk | --disk | -cancel | --cancel | -restore | --restore | -timeout | --timeout | -record | --record | -lines | --lines | -search | --search | -on | --on | -since | --since | -get | --get) at=$((at + 1)) ;; -*) ;; *) given+=("${COMP_WORDS[at]}") ;; esac
  done
  COMPREPLY=()
  case $before in
    -config | --config) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -mconsole-socket | --mconsole-socket) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -password-file | --password-file) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -ca | --ca) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -sysrq | --sysrq) :; offers+=' ' ;;
    -stack | --stack) :; offers+=' ' ;;
    -log-to-guest | --log-to-guest) :; offers+=' ' ;;
    -wait | --wait) offers='launched kernel guest console ready stopped'; offers+=' ' ;;
    -plug | --plug) :; offers+=' ' ;;
    -unplug | --unplug) :; offers+=' ' ;;
    -plug-net | --plug-net) :; offers+=' ' ;;
    -unplug-net | --unplug-net) :; offers+=' ' ;;
    -connect | --connect) offers='con0 con1 con2 con3 ssl0 ssl1'; offers+=' ' ;;
    -screen | --screen) offers='con0 con1 con2 con3 ssl0 ssl1'; offers+=' ' ;;
    -history | --history) offers='con0 con1 con2 con3 ssl0 ssl1'; offers+=' ' ;;
    -run | --run) :; offers+=' ' ;;
    -send | --send) :; offers+=' ' ;;
    -expect | --expect) :; offers+=' ' ;;
    -log | --log) offers='con0 con1 con2 con3 ssl0 ssl1'; offers+=' ' ;;
    -disk | --disk) offers='list info create delete copy resize convert check cow-create cow-merge cow-rebase snapshot rollback snapshot-delete'; offers+=' ' ;;
    -cancel | --cancel) :; offers+=' ' ;;
    -restore | --restore) :; offers+=' ' ;;
    -timeout | --timeout) :; offers+=' ' ;;
    -record | --record) :; offers+=' ' ;;
    -lines | --lines) :; offers+=' ' ;;
    -search | --search) :; offers+=' ' ;;
    -on | --on) offers='con0 con1 con2 con3 ssl0 ssl1'; offers+=' ' ;;
    -since | --since) :; offers+=' ' ;;
    -get | --get) :; offers+=' ' ;;
  esac
  if [ -z "$offers" ] && [[ $now == -* ]]; then offers='-config -json -mconsole-socket -password-file -ca -plain -help -version -info -start -stop -restart -kill -ctrlaltdel -pause -resume -stats -mem-trim -mconsole -sysrq -ps -stack -log-to-guest -wait -plug -unplug -plug-net -unplug-net -connect -who -screen -history -run -send -expect -log -events -security -crashes -crash -disk -jobs -cancel -backup -backups -restore -timeout -observe -force -record -html -lines -search -on -follow -since -get -ext4 -filesystem -same'; fi
  [ -n "$offers" ] || case "${given[*]-}" in
    *) [ "${#given[@]}" -ne 0 ] || offers=$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL) ;;
  esac
  for offer in $offers; do
    [[ $offer == "$now"* ]] && COMPREPLY+=("$offer")
  done
  return 0
}
complete -o filenames -F _umlwatch umlwatch
