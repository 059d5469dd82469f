#!/usr/bin/env bash
# Creating repositories.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"

# A key file that does not exist is made, private, and opens the repository afterwards.
expect_exit 0 "$TUSK" -r "$dir/a" --key-file "$dir/a.key" init
grep -q '^created repository .*/a (encryption: aes256-gcm, chunks of 128 KiB on average)$' out || fail "no first line"
[ "$(stat -c %a a.key)" = 600 ] || fail "mode of the key file"
grep -qE '^[0-9a-f]{64}$' a.key || fail "content of the key file"
expect_exit 0 "$TUSK" -r "$dir/a" --key-file "$dir/a.key" snapshots

# An existing key file is used as it is.
before=$(cat a.key)
expect_exit 0 "$TUSK" init --key-file a.key --encryption chacha20-poly1305 --chunk-size 64K "$dir/b"
[ "$before" = "$(cat a.key)" ] || fail "an existing key file was changed"
expect_exit 0 "$TUSK" -r "$dir/b" --key-file a.key snapshots

# A second repository in the same place, or one over other files, is refused; a key file made for it goes again.
expect_exit 1 "$TUSK" init --key-file new.key "$dir/a"
grep -q '^tusk: cannot create repository .*there is a repository already' err || fail "$(cat err)"
[ ! -e new.key ] || fail "a key file for nothing was left"
mkdir full && touch full/x
expect_exit 1 "$TUSK" init --encryption none "$dir/full"
[ "$(ls full)" = x ] || fail "the folder was changed"

# Without encryption nothing is asked for.
expect_exit 0 "$TUSK" init --encryption none "$dir/c"
expect_exit 0 "$TUSK" -r "$dir/c" snapshots

# Mistakes.
expect_exit 2 "$TUSK" init --encryption none --chunk-size 100000 "$dir/d"
expect_exit 2 "$TUSK" init -r "$dir/d" "$dir/e"
expect_exit 2 "$TUSK" init
if [ -e d ] || [ -e e ]; then fail "a refused init left something"; fi
