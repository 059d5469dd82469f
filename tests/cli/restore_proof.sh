#!/usr/bin/env bash
# What restore has written is read back and proven: a byte that the disk changed is found in a small file and in a large
# one, which is proven while it is written; holes and ends are as they were.
. "$(dirname "$0")/../lib/common.sh"

flip=$TUSK_BUILD/tests/libharness_flip.so
"$TUSK" init --encryption none "$dir/repo" >/dev/null
export TUSK_REPOSITORY=$dir/repo
mkdir src
head -c 1000000 /dev/urandom >src/small
head -c 9000000 /dev/urandom >src/large
head -c 4194304 /dev/urandom >src/least
# Data, a hole, data, a hole at the end.
head -c 5000000 /dev/urandom >src/holes
head -c 1000 /dev/urandom | dd of=src/holes bs=1 seek=20000000 conv=notrunc status=none
truncate -s 30000000 src/holes
"$TUSK" backup -q src >/dev/null
expect_exit 0 "$TUSK" restore --no-mount "latest:$dir/src" whole
diff -r src whole || fail "the copy differs"
[ "$(stat -c %b whole/holes)" -lt 20000 ] || fail "the holes were filled: $(stat -c %b whole/holes) blocks"

lies() { # FOLDER VARIABLE=OFFSET NAME...: these files, and no others, are refused
  local target=$1 lie=$2 n
  shift 2
  expect_exit 4 env LD_PRELOAD="$flip" ASAN_OPTIONS=verify_asan_link_order=0 "$lie" "$TUSK" restore --no-mount "latest:$dir/src" "$target"
  [ "$(grep -c 'its SHA-256 or size after writing is not the recorded one' err)" = $# ] || fail "$lie: $(cat err)"
  for n in "$@"; do
    grep -q "^tusk: not restored: $dir/src/$n: its SHA-256 or size after writing is not the recorded one" err || fail "$lie, $n: $(cat err)"
    [ ! -e "$target/$n" ] || fail "$lie: $n was left"
  done
  [ "$(find "$target" -type f | wc -l)" = $((4 - $#)) ] || fail "$lie: $(ls "$target")"
}
# Offsets in: small, least, large and holes; large and holes; large only; holes behind the hole.
lies a TUSK_FLIP=999999 small least large holes
lies b TUSK_FLIP=4194303 least large holes
lies c TUSK_FLIP=4500000 large holes
lies d TUSK_FLIP=8999999 large
lies e TUSK_FLIP=20000999 holes
# What has all its bytes, and one more.
lies f TUSK_GROW=1000000 small
lies g TUSK_GROW=9000000 large
