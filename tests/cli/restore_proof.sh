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

# Offsets in: small, least, large and holes; large and holes; large only; holes behind the hole.
lies() { # OFFSET NAME...: these files, and no others, are refused
  local at=$1 n
  shift
  expect_exit 4 env LD_PRELOAD="$flip" ASAN_OPTIONS=verify_asan_link_order=0 TUSK_FLIP="$at" "$TUSK" restore --no-mount "latest:$dir/src" "lies-$at"
  [ "$(grep -c 'its SHA-256 after writing is not the recorded one' err)" = $# ] || fail "$at: $(cat err)"
  for n in "$@"; do
    grep -q "^tusk: not restored: $dir/src/$n: its SHA-256 after writing is not the recorded one" err || fail "$at, $n: $(cat err)"
    [ ! -e "lies-$at/$n" ] || fail "$at: $n was left"
  done
  [ "$(find "lies-$at" -type f | wc -l)" = $((4 - $#)) ] || fail "$at: $(ls "lies-$at")"
}
lies 999999 small least large holes
lies 4194303 least large holes
lies 4500000 large holes
lies 8999999 large
lies 20000999 holes
