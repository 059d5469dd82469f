#!/usr/bin/env bash
# Completion scripts offer exactly what help names: commands, the options of each, words and values.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
for shell in bash zsh fish; do
  expect_exit 0 "$TUSK" help --completion $shell
  mv out tusk.$shell
done
expect_exit 2 "$TUSK" help --completion tcsh

long_options() { sed -nE 's/^  (    |-., )(--[a-z0-9-]+).*/\2/p' "$1"; }
"$TUSK" help >list
"$TUSK" help options >every
awk 'NR > 3 && !NF { exit } NR > 3 { print substr($0, 3, 10); print substr($0, 41, 10) }' list | awk 'NF' | tr -d ' ' | sort >commands
long_options every | sort >of_all
[ "$(wc -l <commands)" -ge 20 ] || fail "the list of commands is not understood: $(cat commands)"
while read -r command; do
  "$TUSK" help "$command" >one
  [ "$(wc -l <one)" -le 24 ] || fail "help $command has $(wc -l <one) lines"
  grep -q '^Example: tusk ' one || fail "help $command has no example"
  { cat of_all && long_options one; } | sort -u >"options.$command"
done <commands

# bash: the function is called as readline does.
bash -n tusk.bash || fail "the script for bash"
cat >complete.bash <<'END'
source ./tusk.bash
compopt() { :; }
# complete WORDS...: the last one is being typed
complete_words() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _tusk; printf '%s\n' "${COMPREPLY[@]}"; }
END
in_bash() { bash -c '. ./complete.bash; complete_words "$@"' _ "$@" | sort; }
in_bash tusk '' | diff - commands || fail "commands in bash"
bash -c '. ./complete.bash; while read -r command; do complete_words tusk -r x "$command" -- | grep -- "^--" | sort >"bash.$command"; done' <commands
while read -r command; do
  diff "bash.$command" "options.$command" || fail "options of $command in bash"
done <commands
[ "$(in_bash tusk -r backup restore --over)" = --overwrite ] || fail "an option's value is taken for a command"
[ "$(in_bash tusk restore --overwrite if | tr '\n' ' ')" = 'if-changed if-newer ' ] || fail "values after a space"
[ "$(in_bash tusk restore --overwrite = if | tr '\n' ' ')" = 'if-changed if-newer ' ] || fail "values after ="
[ "$(in_bash tusk key r)" = remove ] || fail "words of a synopsis"
[ "$(in_bash tusk help umo)" = umount ] || fail "commands after help"
mkdir folder && touch folder.txt
[ "$(in_bash tusk backup fol | tr '\n' ' ')" = 'folder folder.txt ' ] || fail "files"
[ "$(in_bash tusk -r fol)" = folder ] || fail "folders"
[ -z "$(in_bash tusk backup --tag '')" ] || fail "something is offered for a tag"

# zsh: its form, and each command's block.
sed -nE 's/^ +'\''([a-z]+):.*'\''$/\1/p' tusk.zsh | sort | diff - commands || fail "commands in zsh"
while read -r command; do
  awk -v start="        $command)" '$0 == start { inside = 1 } inside; /;;$/ { inside = 0 }' tusk.zsh |
    grep -oE -- "[*{',]--[a-z0-9-]+" | sed -E "s/^.//" | sort -u | diff - "options.$command" || fail "options of $command in zsh"
done <commands
missing=""
if command -v zsh >/dev/null; then
  zsh -n tusk.zsh || fail "the script for zsh"
  # shellcheck disable=SC2016 # for zsh
  zsh -fc 'autoload -U compinit && compinit -D -u && . ./tusk.zsh && [ "$_comps[tusk]" = _tusk ]' || fail "zsh does not take the script"
else
  missing="$missing zsh"
fi

# fish: it answers without a terminal.
if command -v fish >/dev/null; then
  export HOME=$dir
  # shellcheck disable=SC2016 # for fish
  in_fish() { fish --no-config -c 'source tusk.fish; complete -C $argv[1]' "$1" | cut -f1 | sort -u; }
  in_fish 'tusk ' | diff - commands || fail "commands in fish"
  for command in backup key mount help; do
    in_fish "tusk $command --" | diff - "options.$command" || fail "options of $command in fish"
  done
  [ "$(in_fish 'tusk restore --overwrite if' | tr '\n' ' ')" = 'if-changed if-newer ' ] || fail "values in fish"
  [ "$(in_fish 'tusk key r')" = remove ] || fail "words of a synopsis in fish"
else
  missing="$missing fish"
fi
[ -z "$missing" ] || skip "not installed:$missing (the rest was tested)"
