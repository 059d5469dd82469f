#!/usr/bin/env bash
# Key slots: adding, listing, removing, replacing; recovery codes.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src && echo 1 >src/f && "$TUSK" backup src >/dev/null

expect_exit 0 "$TUSK" key list
[ "$(wc -l <out)" = 1 ] || fail "$(cat out)"
grep -qE '^\* [0-9a-f]{8}  key-file' out || fail "$(cat out)"

# A second key file is made, opens, and shows as not current.
expect_exit 0 "$TUSK" key add --new-key-file second --label "a server"
[ "$(stat -c %a second)" = 600 ] || fail "mode of the new key file"
expect_exit 0 "$TUSK" --key-file second ls latest
[ "$("$TUSK" key list | wc -l)" = 2 ] || fail "two keys"
"$TUSK" --key-file second key list | grep >/dev/null '^\*.*a server' || fail "label"

# A recovery code is shown once and is typed where a password is asked for.
expect_exit 0 "$TUSK" key add --recovery-code
code=$(grep -oE '([A-Z2-7]{4}-){12}[A-Z2-7]{4}' out) || fail "$(cat out)"
env -u TUSK_KEY_FILE TUSK_PASSWORD="$code" "$TUSK" ls latest >/dev/null || fail "the recovery code does not open"
env -u TUSK_KEY_FILE TUSK_PASSWORD="$(echo "$code" | tr A-Z- 'a-z ')" "$TUSK" ls latest >/dev/null || fail "lower case"

# passwd replaces the key in use.
printf 'new\n' >pw
expect_exit 0 "$TUSK" --key-file second key passwd --new-password-file pw
expect_exit 12 "$TUSK" --key-file second ls latest
expect_exit 0 env -u TUSK_KEY_FILE "$TUSK" --password-file pw ls latest

# Removing: by a prefix; not the last one; not by nonsense.
expect_exit 2 "$TUSK" key remove
expect_exit 1 "$TUSK" key remove 0123456789abcdef
for id in $("$TUSK" key list | awk '$1 != "*" { print $1 }'); do
  expect_exit 0 "$TUSK" key remove "$id"
done
[ "$("$TUSK" key list | wc -l)" = 1 ] || fail "one is left"
expect_exit 2 "$TUSK" key remove "$("$TUSK" key list | awk '{ print $2 }')"
expect_exit 0 "$TUSK" ls latest
expect_exit 12 "$TUSK" key add
grep -q 'there is no terminal to ask for the new password' err || fail "$(cat err)"

# Without encryption there are none, which is said.
expect_exit 0 "$TUSK" init --encryption none plain
expect_exit 0 "$TUSK" -r plain key list
[ "$(cat out)" = "no keys: the repository is not encrypted" ] || fail "$(cat out)"
