#!/usr/bin/env bash
# Hostile repositories under every command (repositories.py). CI: every fifteenth, the seed says which; TUSK_TEST_FULL=1: all. Arguments: names of cases.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
base=$work/base
mkdir -p "$base/src" "$work/cases"
head -c 300000 /dev/urandom >"$base/src/file"
write_key "$base/key" 5a
export TUSK_REPOSITORY=$base/repo TUSK_KEY_FILE=$base/key XDG_STATE_HOME=$base/state
"$TUSK" init >/dev/null
"$TUSK" backup -q "$base/src" >/dev/null
echo more >"$base/src/more"
"$TUSK" backup -q "$base/src" >/dev/null
STEP=$(share 15 1 30) FIRST=$((seed % 30)) python3 "$tests/hostile/repositories.py" "$TUSK" "$bin/insider" "$base" "$work/cases" "$@"
