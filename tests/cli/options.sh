#!/usr/bin/env bash
# The command line as a user meets it: help, mistakes, order of options.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"

"$TUSK" help >list
[ "$(wc -l <list)" -le 24 ] || fail "help has $(wc -l <list) lines"
"$TUSK" --help | cmp - list || fail "--help and help differ"
verbs="init backup snapshots mount umount restore verify ls find cat dump diff check stats key repair version help"
for verb in $verbs; do
  grep -qw "$verb" list || fail "$verb is not in the list"
  "$TUSK" "$verb" --help >one
  [ "$(wc -l <one)" -le 24 ] || fail "$verb --help has $(wc -l <one) lines"
  grep -q '^Example: tusk ' one || fail "$verb --help has no example"
  "$TUSK" help "$verb" | cmp - one || fail "help $verb differs"
done

check() { # MESSAGE ARGUMENT...
  local message=$1
  shift
  expect_exit 2 "$TUSK" "$@"
  [ "$(cat err)" = "tusk: $message" ] || fail "$* says: $(cat err)"
  [ ! -s out ] || fail "$* writes to stdout"
}
check 'no command "snapshot"; did you mean "snapshots"?' snapshot
check 'no command "mout"; did you mean "mount"?' mout
check 'backup has no option "--exlude"; did you mean "--exclude"?' backup --exlude x /etc
check 'no command is given; see: tusk help'
check 'snapshots: no repository is named: use -r or TUSK_REPOSITORY' snapshots
check 'key has no action "lst"; did you mean "list"?' -r x key lst
check 'repair knows no "everything"; there is: repair index' -r x repair everything

expect_exit 0 "$TUSK" --version
grep -qE '^tusk [0-9]+\.[0-9]+\.[0-9]+ ' out || fail "$(cat out)"

# The repository and the options may come in any order.
make_repository --encryption aes256-gcm
unset TUSK_REPOSITORY
for form in "-r repo snapshots" "snapshots -r repo" "snapshots --repo repo" "--repository=repo snapshots" "snapshots -rrepo"; do
  # shellcheck disable=SC2086
  expect_exit 0 "$TUSK" $form
done
TUSK_REPOSITORY=repo expect_exit 0 "$TUSK" snapshots
# Closed standard descriptors do no harm.
"$TUSK" -r repo snapshots <&- >&- 2>&- || fail "closed descriptors"
