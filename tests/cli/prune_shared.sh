#!/usr/bin/env bash
# prune keeps every chunk of files that begin alike: one that was met before says nothing about those after it.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src
head -c 1500000 /dev/urandom >src/a
"$TUSK" backup -q src/a >/dev/null
for n in 1 2 3 4; do
  { head -c 800000 src/a && head -c 900000 /dev/urandom; } >"src/$n"
  "$TUSK" backup -q src/$n >/dev/null
done
# A list of chunks in a tree of lists: many chunks.
"$TUSK" init --chunk-size 16K --key-file "$dir/key" "$dir/fine" >/dev/null
head -c 40000000 /dev/urandom >src/large && { head -c 1000000 src/large && head -c 40000000 /dev/urandom; } >src/larger
for file in large larger; do "$TUSK" -r fine backup -q src/$file >/dev/null; done
for repository in repo fine; do
  expect_exit 0 "$TUSK" -r $repository prune
  expect_exit 0 "$TUSK" -r $repository check
done
for n in 1 2 3 4; do
  "$TUSK" cat "latest~$((4 - n)):$dir/src/$n" | cmp - src/$n || fail "src/$n"
done
"$TUSK" -r fine cat "latest:$dir/src/larger" | cmp - src/larger || fail "src/larger"
