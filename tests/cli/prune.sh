#!/usr/bin/env bash
# prune: removes what no snapshot needs, and only that; a dry run and an undo; stops at damage.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
packs() { find repo/packs -type f | wc -l; }

# Nothing to do.
expect_exit 0 "$TUSK" prune
grep -q '^removed 0 packs' out || fail "$(cat out)"

mkdir src && head -c 3000000 /dev/urandom >src/old && head -c 1000000 /dev/urandom >src/both
"$TUSK" backup src >/dev/null
rm src/old && head -c 2000000 /dev/urandom >src/new
"$TUSK" backup src >/dev/null
all=$(packs)
expect_exit 0 "$TUSK" prune
[ "$(packs)" = "$all" ] || fail "prune removed packs that are needed"
"$TUSK" forget latest~1 >/dev/null

expect_exit 0 "$TUSK" prune --dry-run
grep -q '^would remove [1-9]' out || fail "$(cat out)"
[ "$(packs)" = "$all" ] || fail "the dry run removed packs"
[ ! -e repo/leases ] || [ -z "$(ls repo/leases)" ] || fail "the dry run left a lease"
expect_exit 0 "$TUSK" prune --json
grep -q '"removed_packs":[1-9]' out || fail "$(cat out)"
[ "$(packs)" -lt "$all" ] || fail "nothing was removed"
[ -z "$(ls repo/leases)" ] || fail "a lease is left"
expect_exit 0 "$TUSK" check --data
"$TUSK" cat "latest:$dir/src/new" | cmp - src/new || fail "the snapshot that stays"
"$TUSK" cat "latest:$dir/src/both" | cmp - src/both || fail "what both had"

# A manifest that cannot be read: nothing is removed, exit 4.
"$TUSK" backup src >/dev/null
newest=$("$TUSK" snapshots --json | tail -1 | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
"$TUSK" forget latest~1 >/dev/null
cp "repo/snapshots/$newest" saved && chmod u+w "repo/snapshots/$newest"
printf X | dd of="repo/snapshots/$newest" bs=1 seek=90 conv=notrunc status=none
all=$(packs)
expect_exit 4 "$TUSK" prune
grep -q "^tusk: prune: snapshot ${newest:0:8}: " err || fail "$(cat err)"
[ "$(packs)" = "$all" ] || fail "prune removed packs although a snapshot cannot be read"
cp saved "repo/snapshots/$newest"

# A pack that is missing: the same.
pack=$(find repo/packs -type f -size +800k | sed -n 1p)
mv "$pack" kept
expect_exit 4 "$TUSK" prune
grep -q 'in no pack' err || fail "$(cat err)"
mv kept "$pack"
expect_exit 0 "$TUSK" prune
expect_exit 0 "$TUSK" check --data

# What is used of a pack that is mostly unused is written anew; what stays is right, for an old index as well.
mkdir many && for i in $(seq 20); do head -c 100000 /dev/urandom >"many/$i"; done
"$TUSK" backup many >/dev/null
for i in $(seq 19); do rm "many/$i"; done
"$TUSK" backup many >/dev/null
cp -r "$XDG_STATE_HOME" state.before
"$TUSK" forget latest~1 >/dev/null
expect_exit 0 "$TUSK" prune --max-unused 100
before=$(du -sb repo/packs | cut -f1)
expect_exit 0 "$TUSK" prune --dry-run
grep -q 'written anew' out || fail "$(cat out)"
expect_exit 0 "$TUSK" prune
grep -q '^written anew' out || fail "$(cat out)"
[ $((before - $(du -sb repo/packs | cut -f1))) -gt 800000 ] || fail "little was gained"
expect_exit 0 "$TUSK" check --data
rm -rf "$XDG_STATE_HOME" && mv state.before "$XDG_STATE_HOME"
"$TUSK" cat "latest:$dir/many/20" | cmp - many/20 || fail "what was written anew"
expect_exit 0 "$TUSK" prune
grep -q '^removed 0 packs' out || fail "prune goes on and on: $(cat out)"

# Killed at any time, it leaves nothing that the next one does not finish.
for i in $(seq 10); do
  head -c 300000 /dev/urandom >"many/$i"
  "$TUSK" backup many >/dev/null
  "$TUSK" forget --keep-last 1 >/dev/null
  { timeout -s KILL "0.0$i" "$TUSK" prune >/dev/null; } 2>/dev/null || true
done
expect_exit 0 "$TUSK" prune
[ -z "$(ls repo/leases)" ] || fail "a dead lease is left"
expect_exit 0 "$TUSK" prune --dry-run
grep -q '^would remove 0 packs' out || fail "$(cat out)"
expect_exit 0 "$TUSK" check --data

# A full disk: forget and prune get through with 0 bytes free.
[ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=24M none small 2>/dev/null || exit 0
export TUSK_REPOSITORY=$dir/small/repo
"$TUSK" init >/dev/null
mkdir data && head -c 9000000 /dev/urandom >data/a
"$TUSK" backup data >/dev/null
head -c 5000000 /dev/urandom >data/a
"$TUSK" backup data >/dev/null
head -c 30000000 /dev/zero >small/filler 2>/dev/null || true
[ "$(stat -f -c %a small)" = 0 ] || fail "the disk is not full"
echo more >data/b
head -c 900000 /dev/urandom >data/c
expect_exit 13 "$TUSK" backup data
expect_exit 0 "$TUSK" forget latest~1
head -c 30000000 /dev/zero >>small/filler 2>/dev/null || true
expect_exit 0 "$TUSK" prune
grep -q '^removed [1-9]' out || fail "$(cat out)"
expect_exit 0 "$TUSK" check --data
expect_exit 0 "$TUSK" backup data
