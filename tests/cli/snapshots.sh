#!/usr/bin/env bash
# The list of snapshots and how they are named.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src other && echo 1 >src/f && echo 2 >other/f
"$TUSK" backup --host one --tag x --time 2026-05-01T10:00:00Z src >/dev/null
"$TUSK" backup --host two --tag x --tag y --time 2026-05-02T10:00:00Z src >/dev/null
"$TUSK" backup --host two --time 2026-05-03T10:00:00Z src other >/dev/null

rows() { "$TUSK" snapshots "$@" | grep -c '^[0-9a-f]\{8\}  ' || true; }
[ "$(rows)" = 3 ] || fail "all"
[ "$(rows --host two)" = 2 ] || fail "--host"
[ "$(rows --tag x)" = 2 ] || fail "--tag"
[ "$(rows --tag x --tag y)" = 1 ] || fail "two tags"
[ "$(rows --path "$dir/other")" = 1 ] || fail "--path"
[ "$(rows --host nobody)" = 0 ] || fail "--host nobody"
"$TUSK" snapshots | sed -n 2p | grep >/dev/null '2026-05-01 10:00:00 .* one .* x .*/src$' || fail "$("$TUSK" snapshots)"

id=$("$TUSK" snapshots --json | sed -n 1p | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
for name in "$id" "${id:0:8}" latest~2 @2026-05-01 @2026-05-02T09:00; do
  expect_exit 0 "$TUSK" ls -R --json "$name"
  grep -q "\"snapshot\":\"$id\"" out || fail "$name is another snapshot"
done
expect_exit 1 "$TUSK" ls deadbeef
grep -q '^tusk: ls: .*deadbeef' err || fail "$(cat err)"
expect_exit 1 "$TUSK" ls latest~3
expect_exit 2 "$TUSK" ls xyz!
expect_exit 1 "$TUSK" ls @2020-01-01

# The newest cannot be read: "latest" is then an older one, and it is said so; an id means what it says.
newest=$("$TUSK" snapshots --json | tail -1 | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
chmod u+w "repo/snapshots/$newest" && truncate -s 100 "repo/snapshots/$newest" && rm -rf "$XDG_STATE_HOME"
expect_exit 4 "$TUSK" ls latest
grep -q "^tusk: snapshot ${newest:0:8}: " err || fail "$(cat err)"
grep -q '^tusk: ls: "latest" is snapshot [0-9a-f]\{8\} here, but one that cannot be read may be newer$' err || fail "$(cat err)"
expect_exit 4 "$TUSK" ls "$id"
! grep -q newer err || fail "$(cat err)"
