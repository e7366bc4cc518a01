# Completion of sluice(1) for bash. The flags come from the program itself.
_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} command="" each
  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $each in
      -*) ;;
      [a-z]*) [[ -n $command && $command != buffer ]] || command="${command:+$command }$each" ;;
    esac
  done
  COMPREPLY=()
  if [[ $word == -* ]]; then
    # shellcheck disable=SC2086 # the words of a command
    mapfile -t COMPREPLY < <(compgen -W \
      "$(sluice $command --help 2>/dev/null | grep -oE -- '--[a-z][a-z0-9.-]*')" -- "$word")
  elif [[ -z $command && ${COMP_WORDS[COMP_CWORD-1]} != = ]]; then
    mapfile -t COMPREPLY < <(compgen -W \
      "$(sluice --help 2>/dev/null | sed -n '/^Subcommands:/,$ s/^  \([a-z][a-z-]*\).*/\1/p')" -- "$word")
  elif [[ $command == buffer ]]; then
    mapfile -t COMPREPLY < <(compgen -W \
      "$(sluice buffer --help 2>/dev/null | sed -n '/^Subcommands:/,$ s/^  \([a-z][a-z-]*\).*/\1/p')" -- "$word")
  fi
  [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o default
}
complete -F _sluice sluice
