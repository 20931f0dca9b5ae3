# Completion of umldir for bash. Generated from src/cli/completion by `npm run generate`.
_umldir() {
  local -
  set -f
  local IFS=$' \t\n' now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at offers= offer
  local -a given=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in -config | --config) at=$((at + 1)) ;; -*) ;; *) given+=("${COMP_WORDS[at]}") ;; esac
  done
  COMPREPLY=()
  case $before in
    -config | --config) mapfile -t COMPREPLY < <(compgen -f -- "$now"); offers+=' ' ;;
  esac
  if [ -z "$offers" ] && [[ $now == -* ]]; then offers='-config -json -list -help -version'; fi
  [ -n "$offers" ] || case "${given[*]-}" in
  esac
  for offer in $offers; do
    [[ $offer == "$now"* ]] && COMPREPLY+=("$offer")
  done
  return 0
}
complete -o filenames -F _umldir umldir
