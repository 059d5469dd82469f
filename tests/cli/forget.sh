#!/usr/bin/env bash
# forget: what stays by which rule; nothing goes unasked; pins and tags.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption none
mkdir src other && echo 1 >src/f && echo 2 >other/f
for day in 01 02 03 04 05; do
  "$TUSK" backup --host one --time "2026-05-${day}T10:00:00Z" src >/dev/null
done
"$TUSK" backup --host one --time 2026-05-05T11:00:00Z src >/dev/null
"$TUSK" backup --host two --tag x --time 2026-01-01T10:00:00Z other >/dev/null
rows() { "$TUSK" snapshots "$@" | grep -c '^[0-9a-f]\{8\}  ' || true; }

# Without a policy nothing goes.
expect_exit 0 "$TUSK" forget
grep -q 'nothing is removed' err || fail "$(cat err)"
expect_exit 0 "$TUSK" forget --keep-last 0
[ "$(rows)" = 7 ] || fail "something went unasked"

# A dry run says what would go, group by group, and why the rest stays.
expect_exit 0 "$TUSK" forget --keep-daily 3 --dry-run
[ "$(grep -c '^  keep ' out)" = 4 ] || fail "$(cat out)"
[ "$(grep -c '^  remove ' out)" = 3 ] || fail "$(cat out)"
grep -q '^  keep .*2026-05-05 11:00:00  daily$' out || fail "$(cat out)"
grep -q '^  remove .*2026-05-05 10:00:00$' out || fail "$(cat out)"
grep -q "^snapshots of two:$dir/other$" out || fail "$(cat out)"
grep -q '^would forget 3 snapshots, kept 4$' out || fail "$(cat out)"
[ "$(rows)" = 7 ] || fail "the dry run removed something"

# Filters bound what a policy sees.
expect_exit 0 "$TUSK" forget --host two --keep-last 1 --json
[ "$(grep -c '"keep":true' out)" = 1 ] || fail "$(cat out)"

# A pin stays, and is not forgotten by name.
pinned=$("$TUSK" snapshots --json | sed -n 2p | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
expect_exit 0 "$TUSK" pin "$pinned"
expect_exit 0 "$TUSK" forget --keep-last 1 --host one
[ "$(rows --host one)" = 2 ] || fail "$(cat out)"
grep -q "^  keep .*${pinned:0:8}.*pinned$" out || fail "$(cat out)"
expect_exit 2 "$TUSK" forget "$pinned"
grep -q 'is pinned' err || fail "$(cat err)"
expect_exit 0 "$TUSK" pin --undo "$pinned"
expect_exit 0 "$TUSK" forget "${pinned:0:8}"
[ "$(rows --host one)" = 1 ] || fail "forget by name"
expect_exit 1 "$TUSK" forget "$pinned"
[ -s "repo/forgotten/$pinned" ] || fail "no note of a forgotten snapshot"
[ -z "$(ls repo/marks)" ] || fail "the mark of a forgotten snapshot is left"

# --keep-tag and --keep-within.
"$TUSK" backup --host two --time 2026-03-01T10:00:00Z other >/dev/null
"$TUSK" backup --host two --time 2026-03-08T10:00:00Z other >/dev/null
expect_exit 0 "$TUSK" forget --host two --keep-within 6d --keep-tag x --dry-run
[ "$(grep -c '^  keep ' out)" = 2 ] || fail "$(cat out)"
expect_exit 2 "$TUSK" forget --keep-within soon
expect_exit 2 "$TUSK" forget latest --keep-last 1

# The space comes back with --prune.
expect_exit 0 "$TUSK" forget --keep-last 1 --host two --prune
grep -q '^removed ' out || fail "$(cat out)"
expect_exit 0 "$TUSK" check --data

# Hardly anything would stay: only if it is said.
for number in $(seq 24); do "$TUSK" backup -q --host many --time "2026-06-01T10:00:$number""Z" src >/dev/null; done
all=$(rows)
expect_exit 2 "$TUSK" forget --host many --keep-last 1 --prune
grep -q "of $all snapshots only .* would stay; .*add --nearly-all$" err || fail "$(cat err)"
[ "$(rows)" = "$all" ] || fail "something went all the same"
expect_exit 0 "$TUSK" forget --host many --keep-last 1 --dry-run
expect_exit 0 "$TUSK" forget --host many --keep-last 1 --nearly-all
[ "$(rows --host many)" = 1 ] || fail "$(rows --host many)"

# What was forgotten comes back until a prune has removed something of it.
echo new >src/new
"$TUSK" backup -q --host undo src >/dev/null
id=$("$TUSK" snapshots --host undo --json | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
expect_exit 0 "$TUSK" forget "$id"
expect_exit 1 "$TUSK" ls "$id"
expect_exit 0 "$TUSK" forget --undo "${id:0:8}"
grep -q "^snapshot ${id:0:8} is back$" out || fail "$(cat out)"
[ ! -e "repo/forgotten/$id" ] || fail "the note is left"
[ "$("$TUSK" cat "$id:$dir/src/new")" = new ] || fail "it reads otherwise"
expect_exit 0 "$TUSK" check --data
expect_exit 1 "$TUSK" forget --undo "${id:0:8}"
expect_exit 0 "$TUSK" forget "$id" --prune
expect_exit 1 "$TUSK" forget --undo "$id"
grep -q 'data of it were removed by a prune' err || fail "$(cat err)"
expect_exit 0 "$TUSK" check --data
expect_exit 2 "$TUSK" forget --undo
