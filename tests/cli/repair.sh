#!/usr/bin/env bash
# Damage, repair, backup: everything whole again.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src
for i in 1 2 3 4 5 6; do head -c 300000 /dev/urandom >src/file$i; done
echo small >src/small
"$TUSK" backup src >/dev/null
cp src/small src/more
"$TUSK" backup src >/dev/null

expect_exit 0 "$TUSK" repair
grep -q '^looked at .* objects, .*; damaged: 0$' out || fail "$(cat out)"

# One byte in the largest pack.
pack=$(find repo/packs -type f -printf "%s %p\n" | sort -rn | sed -n "1s/^[0-9]* //p")
chmod u+w "$pack"
printf '\377\376\375' | dd of="$pack" bs=1 seek=200000 conv=notrunc status=none
expect_exit 4 "$TUSK" repair --dry-run
grep -q "^packs/.*$(basename "$pack"): was damaged; [0-9]* of [0-9]* records are lost" out || fail "$(cat out)"
grep -q '^this was a dry run: nothing was changed$' out || fail "$(cat out)"
[ -e "$pack" ] || fail "the dry run moved the pack"
[ ! -e repo/quarantine ] || fail "the dry run made a quarantine"

expect_exit 4 "$TUSK" repair --json
grep -q '"type":"repair".*"loss":true' out || fail "$(cat out)"
grep -q '"type":"damage".*"path":".*/src/file' out || fail "$(cat out)"
grep -q '"type":"summary".*"records_lost":' out || fail "$(cat out)"
[ ! -e "$pack" ] || fail "the damaged pack is still there"
[ "$(find repo/quarantine -type f -name "packs_*" | wc -l)" = 1 ] || fail "it is not in quarantine"

# Nothing more to repair, but something is lost; the other files can be read.
expect_exit 4 "$TUSK" repair
grep -q '^damaged: .*snapshot.*src/file' out || fail "$(cat out)"
"$TUSK" cat "latest:$dir/src/small" | cmp - src/small || fail "an undamaged file"

# The source still has it: a backup makes all snapshots whole again, though no file has changed.
expect_exit 0 "$TUSK" backup src
expect_exit 0 "$TUSK" check --data
expect_exit 0 "$TUSK" repair
for i in 1 2 3 4 5 6; do
  "$TUSK" cat "latest~2:$dir/src/file$i" | cmp - "src/file$i" || fail "file$i in the first snapshot"
done

# A lost table of contents is made from its pack.
toc=$(find repo/toc -type f | sed -n 1p)
cp "$toc" toc
rm "$toc"
expect_exit 0 "$TUSK" repair
grep -q '^toc/.*: was missing; written anew' out || fail "$(cat out)"
cmp toc "$toc" || fail "it is not as it was"
expect_exit 2 "$TUSK" repair nothing
expect_exit 2 "$TUSK" repair index --dry-run
