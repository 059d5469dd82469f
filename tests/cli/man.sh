#!/usr/bin/env bash
# The manual pages say what the programs say: commands, options, mount options, JSON lines; and their mdoc is clean.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
top=$(cd "$tests/.." && pwd)
man=$top/man

# section PAGE MACRO NAME: the lines below that heading, up to the next of its rank.
section() {
  awk -v macro=".$2" -v name="$3" '
    $1 == macro || $1 == ".Sh" { inside = $1 == macro && substr($0, length(macro) + 2) == name; next }
    inside' "$man/$1"
}
options_in_help() { sed -nE 's/^  (    |-., )--([a-z0-9-]+).*/\2/p' "$1" | sort; }
options_in_page() { sed -nE 's/^\.It .*Fl Fl ([a-z0-9-]+).*/\1/p' | sort; }

# Commands: each has its section, and no other has one.
"$TUSK" help >list
awk 'NR > 3 && !NF { exit } NR > 3 { print substr($0, 3, 10); print substr($0, 41, 10) }' list | awk 'NF' | tr -d ' ' | sort >commands
for verb in backup help; do grep -qx $verb commands || fail "the list of commands is not understood: $(cat commands)"; done
section tusk.1 Sh COMMANDS | sed -n 's/^\.Ss //p' | sort | cmp - commands || fail "the commands in tusk.1 differ from those of tusk help"

# Options: those of every command, and those of each, no more and no fewer.
"$TUSK" help options >of_all
options_in_help of_all >expected
grep -qx repository expected || fail "the list of options is not understood: $(cat expected)"
section tusk.1 Sh OPTIONS | options_in_page | cmp - expected || fail "the options of every command differ in tusk.1"
while read -r verb; do
  "$TUSK" help "$verb" >one
  options_in_help one >expected
  section tusk.1 Ss "$verb" >text
  options_in_page <text | diff - expected || fail "the options of $verb differ in tusk.1"
  grep -qE "^\.D1 Nm tusk Cm $verb\b" text || fail "tusk.1 shows no synopsis of $verb"
  cat one >>list
done <commands
[ "$(grep -c -- '--exclude-' list)" -ge 5 ] || fail "the options of backup were not seen"

# Mount options: every row of the table.
sed -nE 's/^[[:space:]]*\{"([a-z_-]+)", [A-Z]+, .*/\1/p' "$top/fs/options.c" >rows
[ "$(wc -l <rows)" -ge 40 ] || fail "the table of mount options is not understood: $(cat rows)"
"$TUSKFS" --help | grep -oE -- '-o [a-z_-]+' | cut -c4- >>rows
section tuskfs.8 Sh OPTIONS | sed -nE 's/^\.(It )?(Cm .*)/\2/p' | tr -s ' ,' '\n' >named
while read -r option; do
  grep -qxF -e "$option" named || fail "tuskfs.8 does not name the option $option"
done <rows

# JSON lines: every type and every key that stands in the source.
grep -ohE 'tusk_json_[a-z]+\((json, |line, )?"[a-z_0-9-]+"' "$top"/tools/*.c | sed -E 's/.*"(.*)"/\1/' | sort -u >keys
[ "$(wc -l <keys)" -ge 80 ] || fail "the keys of JSON lines are not understood: $(cat keys)"
tr -s ' ,()' '\n' <"$man/tusk-json.7" >named
while read -r key; do
  grep -qxF -e "$key" named || fail "tusk-json.7 does not name $key"
done <keys

# Pages that help and the other pages mention.
"$TUSKFS" --help >>list
{
  grep -ohE '\btusk[a-z-]*\([1-9]\)' list
  sed -nE 's/^\.Xr (tusk[a-z-]*) ([1-9]).*/\1(\2)/p' "$man"/*.[1-9]
} | sort -u >mentioned
grep -qxF 'tuskfs(8)' mentioned || fail "help mentions no page"
while IFS='()' read -r name number _; do
  [ -s "$man/$name.$number" ] || fail "there is no page $name($number)"
  grep -qF "$name.$number" "$top/CMakeLists.txt" || fail "$name.$number is not installed"
done <mentioned

command -v mandoc >/dev/null || skip "mandoc is not installed (all but the pages' form was tested)"
mandoc -T lint -W warning "$man"/*.[1-9] >messages || fail "$(cat messages)"
