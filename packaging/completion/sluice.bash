# Completion of sluice(1) for bash. Flags and commands come from the program itself.
_sluice_flags() {
  "$@" --help 2>/dev/null |
    sed -n 's/^ *\(-[a-z],\)\{0,1\}--\(\[no-\]\)\{0,1\}\([a-z][a-z0-9.-]*\).*/--\3/p'
}

_sluice_commands() {
  "$@" --help 2>/dev/null | sed -n '/ommands:$/,/^$/ s/^  \([a-z][a-z-]*\).*/\1/p'
}

_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} each
  local -a command=(sluice)
  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $each == [a-z]* && ( ${#command[@]} == 1 || ${command[*]} == "sluice buffer" ) ]]; then
      command+=("$each")
    fi
  done
  COMPREPLY=()
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_sluice_flags "${command[@]}")" -- "$word")
  elif [[ ${#command[@]} == 1 || ${command[*]} == "sluice buffer" ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_sluice_commands "${command[@]}")" -- "$word")
  fi
  [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o default
}
complete -F _sluice sluice
