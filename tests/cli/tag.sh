#!/usr/bin/env bash
# tag and pin: given later, the last word holds, for every way to name snapshots.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src && echo 1 >src/f
"$TUSK" backup --tag first src >/dev/null
tags() { "$TUSK" snapshots --json | tail -1 | sed 's/.*"tags":\[\([^]]*\)\].*/\1/'; }

expect_exit 0 "$TUSK" tag latest --add a --add b --add first
[ "$(tags)" = '"first","a","b"' ] || fail "$(tags)"
expect_exit 0 "$TUSK" tag latest --remove first --remove b
[ "$(tags)" = '"a"' ] || fail "$(tags)"
expect_exit 0 "$TUSK" pin latest
[ "$(tags)" = '"a"' ] || fail "a pin changed the tags: $(tags)"
expect_exit 0 "$TUSK" tag latest --add c
expect_exit 0 "$TUSK" forget --keep-last 0 --keep-tag none --dry-run
grep -q 'pinned$' out || fail "a tag took the pin away: $(cat out)"
[ "$("$TUSK" snapshots --tag c | grep -c '^[0-9a-f]\{8\}  ')" = 1 ] || fail "--tag"
[ "$(find repo/marks -type f | wc -l)" = 1 ] || fail "old marks are left"
expect_exit 2 "$TUSK" tag latest
expect_exit 1 "$TUSK" tag deadbeef --add x

# Another client sees the same; so does one that finds a damaged mark beside.
rm -rf "$XDG_STATE_HOME"
[ "$(tags)" = '"a","c"' ] || fail "$(tags)"
head -c 200 /dev/urandom >"repo/marks/$(printf '%064d' 7)"
[ "$(tags)" = '"a","c"' ] || fail "after damage: $(tags)"
