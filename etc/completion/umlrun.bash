# Completion of umlrun for bash. Generated from src/cli/completion by `npm run generate`.
_umlrun() {
  local -
  set -f
  local IFS=$' \t\n' now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at offers= offer
  local -a given=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in -config | --config | -image | --image | -root | --root | -share | --share | -mem | --mem | -net | --net | -kernel | --kernel | -user | --user | -env | --env) at=$((at + 1)) ;; -*) ;; *) given+=("${COMP_WORDS[at]}") ;; esac
  done
  COMPREPLY=()
  case $before in
    -config | --config) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -image | --image) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -root | --root) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -share | --share) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -mem | --mem) :; offers+=' ' ;;
    -net | --net) :; offers+=' ' ;;
    -kernel | --kernel) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -user | --user) :; offers+=' ' ;;
    -env | --env) :; offers+=' ' ;;
  esac
  if [ -z "$offers" ] && [[ $now == -* ]]; then offers='-config -help -version -image -root -share -mem -net -kernel -user -env'; fi
  [ -n "$offers" ] || case "${given[*]-}" in
    *) [ "${#given[@]}" -ne 0 ] || mapfile -t COMPREPLY < <(compgen -c -- "$now") ;;
  esac
  for offer in $offers; do
    [[ $offer == "$now"* ]] && COMPREPLY+=("$offer")
  done
  return 0
}
complete -o default -F _umlrun umlrun
