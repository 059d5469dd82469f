#!/usr/bin/env bash
# check and repair index; what damage looks like.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src && head -c 2000000 /dev/urandom >src/big && echo small >src/small
"$TUSK" backup src >/dev/null

expect_exit 0 "$TUSK" check
grep -q '^checked 1 snapshot,' out || fail "$(cat out)"
grep -q '^no damage found in the structure' out || fail "$(cat out)"
expect_exit 0 "$TUSK" check --data
grep -q '^no damage found: every byte was read and verified$' out || fail "$(cat out)"
grep -q '^of the .* in packs 100 % are verified; the oldest proof is of .* ago$' out || fail "$(cat out)"

# A share: as many runs as there are shares read everything, and structure alone says how far they are.
for mode in "" --json; do
  rm -rf repo/ledger
  expect_exit 0 "$TUSK" check
  grep -q '^of the .* in packs no byte was ever verified' out || fail "$(cat out)"
  for _ in 1 2 3 4 5; do
    # shellcheck disable=SC2086
    expect_exit 0 "$TUSK" check $mode --data=20%
  done
  cp out last
  expect_exit 0 "$TUSK" check
  grep -q ' 100 % are verified' out || fail "$(cat out)"
done
grep -q '"packs_read":[12],' last || fail "$(cat last)"
grep -q '"oldest_proof":"20' last || fail "$(cat last)"
[ "$(find repo/ledger -type f | wc -l)" = 1 ] || fail "the ledger grows"
expect_exit 2 "$TUSK" check --data=0%
expect_exit 2 "$TUSK" check --data=101%
expect_exit 2 "$TUSK" check --data=5
grep -q 'is not a share; shares look like 5% or 0.5%' err || fail "$(cat err)"

# Without a key: no password, no snapshots.
expect_exit 0 env -u TUSK_KEY_FILE "$TUSK" check --no-key
grep -q '^no damage found: every object is what its hash says$' out || fail "$(cat out)"
expect_exit 2 "$TUSK" check --no-key --data=5%
expect_exit 10 "$TUSK" -r "$dir/src" check --no-key
expect_exit 0 "$TUSK" stats
grep -q '^repository ' out || fail "$(cat out)"

# The index is rebuilt from nothing.
expect_exit 0 "$TUSK" repair index
rm -rf "$XDG_STATE_HOME"
"$TUSK" cat "latest:$dir/src/big" | cmp - src/big || fail "after the index was lost"

# One flipped byte in the largest pack: named with its object and path, exit 4.
pack=$(find repo/packs -type f -size +1000k | sed -n 1p)
chmod u+w "$pack"
printf '\377\376\375' | dd of="$pack" bs=1 seek=1000000 conv=notrunc status=none
expect_exit 4 "$TUSK" check --data
grep -q "^damaged: packs/.*$(basename "$pack")" out || fail "$(cat out)"
grep -q "^damaged: packs/.*$(basename "$pack"): chunk [0-9a-f]*: snapshot [0-9a-f]*: $dir/src/big bytes " out || fail "the path is not named: $(cat out)"
grep -q '^tusk: check: .* is damaged: ' err || fail "$(cat err)"
code=0
"$TUSK" cat "latest:$dir/src/big" >copy 2>err || code=$?
[ "$code" = 4 ] || fail "cat of a damaged file exits $code"
grep -q "^tusk: cat: $dir/src/big: " err || fail "$(cat err)"
grep -q '^  hint: tusk -r .* check --data' err || fail "$(cat err)"
[ "$("$TUSK" cat "latest:$dir/src/small")" = small ] || fail "the other file"
expect_exit 4 "$TUSK" dump latest
tar -tf out >/dev/null || fail "the archive around a damaged file is not well-formed"
expect_exit 4 "$TUSK" check --data --json
grep -q '"type":"damage".*"node":".*repo".*"chunk":"[0-9a-f]*".*"path":".*/src/big"' out || fail "$(cat out)"
expect_exit 4 env -u TUSK_KEY_FILE "$TUSK" check --no-key
grep -q "^damaged: packs/.*$(basename "$pack"): bytes do not hash to the name" out || fail "$(cat out)"

# A pack that is gone is found without --data.
rm "$pack"
expect_exit 4 "$TUSK" check
grep -q 'missing' out || fail "$(cat out)"
