# SPDX-License-Identifier: MIT
# Completion for bash: source this file, or install it under the name of each tool where bash-completion looks for it.
# What can be completed is what --help of the tool says.

# The options of the tool $1, one a line: letter (or -), long name, argument (or nothing).
_analysisrun_options() {
    LC_ALL=C "$1" --help 2>/dev/null |
        sed -nE 's/^ +(-(.), )?--([a-z-]+)(\[=[^ ]+|=([^ ]+))?( .*)?$/\2 \3 \5/p' | sed 's/^ /- /'
}

# What the argument called $1 may be; nothing where the shell's own completion of files does.
_analysisrun_values() {
    case $1 in
    FILTER) compgen -W 'gzip zstd' -- "$2" ;;
    DIR) compgen -d -- "$2" ;;
    esac
}

_analysisrun() {
    local tool=$1 current=$2 word=${COMP_WORDS[COMP_CWORD - 1]} letter name argument i
    local options
    COMPREPLY=()
    # Behind -- stands a method.
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            [ "$i" -lt $((COMP_CWORD - 1)) ] || mapfile -t COMPREPLY < <(compgen -c -- "$current")
            return
        fi
    done
    # bash takes '=' for a word of its own.
    [ "$word" != = ] || word=${COMP_WORDS[COMP_CWORD - 2]}
    [ "$current" != = ] || current=
    options=$(_analysisrun_options "$tool")
    while read -r letter name argument; do
        if [ -n "$argument" ] && { [ "$word" = "-$letter" ] || [ "$word" = "--$name" ]; }; then
            mapfile -t COMPREPLY < <(_analysisrun_values "$argument" "$current")
            return
        fi
    done <<<"$options"
    [[ $current == -* ]] || return
    while read -r letter name argument; do
        [[ --$name != "$current"* ]] || COMPREPLY+=("--$name${argument:+=}")
        [ "$letter" = - ] || [[ -$letter != "$current"* ]] || COMPREPLY+=("-$letter")
    done <<<"$options"
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -o default -F _analysisrun ar-analyze ar-cleanse ar-convert ar-ls ar-merge ar-pack ar-post ar-run ar-split
