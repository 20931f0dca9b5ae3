# Completion of umlrun for bash. Generated from src/cli/completion by `npm run generate`.
_umlrun() {
  local -
  set -f
  local IFS=$' \t\n' now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at offers= offer
  local -a given=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in -image | --image | -root | --root | -share | --share | -mem | --mem | -env | --env | -kernel | --kernel | -user | --user | -net | --net | -config | --config) at=$((at + 1)) ;; -*) ;; *) given+=("${COMP_WORDS[at]}") ;; esac
  done
  COMPREPLY=()
  case $before in
    -image | --image) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -root | --root) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -share | --share) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -mem | --mem) :; offers+=' ' ;;
    -env | --env) :; offers+=' ' ;;
    -kernel | --kernel) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
    -user | --user) :; offers+=' ' ;;
    -net | --net) :; offers+=' ' ;;
    -config | --config) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
  esac
  if [ -z "$offers" ] && [[ $now == -* ]]; then offers='-image -root -share -mem -env -kernel -user -net -config -help -version'; fi
  [ -n "$offers" ] || case "${given[*]-}" in
    *) [ "${#given[@]}" -ne 0 ] || mapfile -t COMPREPLY < <(compgen -c -- "$now") ;;
  esac
  for offer in $offers; do
    [[ $offer == "$now"* ]] && COMPREPLY+=("$offer")
  done
  return 0
}
complete -o default -F _umlrun umlrun
