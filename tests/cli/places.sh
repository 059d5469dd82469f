#!/usr/bin/env bash
# Repositories that are copied, moved, read-only or used by two; indexes that are damaged, gone or without space.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src && head -c 3000000 /dev/urandom >src/data && echo 1 >src/note
"$TUSK" backup -q src >/dev/null
whole() { # REPOSITORY: reads and restores
  expect_exit 0 "$TUSK" -r "$1" check --data
  rm -rf copy && expect_exit 0 "$TUSK" -r "$1" restore "latest:$dir/src" copy
  cmp src/data copy/data
}

# A copy and its original share an index, and go different ways.
cp -a repo twin
echo 2 >src/more-here && "$TUSK" backup -q src >/dev/null
echo 3 >src/more-there && expect_exit 0 "$TUSK" -r twin backup -q src
grep -q 'is not in this repository and was not forgotten: this is an older copy, or it was lost' err || fail "the copy did not say: $(cat err)"
whole repo
whole twin
mv repo moved
whole moved
mv moved repo

# Two at the same time: both succeed.
mkdir left right && head -c 4000000 /dev/urandom >left/data && head -c 4000000 /dev/urandom >right/data
"$TUSK" backup -q left >/dev/null &
first=$!
"$TUSK" backup -q right >/dev/null || fail "the second of two backups"
wait "$first" || fail "the first of two backups"
for side in left right; do
  id=$("$TUSK" snapshots --path "$dir/$side" | awk 'END { print $1 }')
  expect_exit 0 "$TUSK" verify "$id:$dir/$side" $side
done
"$TUSK" backup -q src >/dev/null
whole repo

# The index is a copy of what the repository knows: garbage, nothing at all, or gone, it is made anew.
for damage in garbage empty gone; do
  for index in "$XDG_STATE_HOME"/tusk/*/index.lmdb; do
    case $damage in
      garbage) head -c 200000 /dev/urandom >"$index" ;;
      empty) : >"$index" ;;
      gone) rm -rf "$(dirname "$index")" ;;
    esac
  done
  whole repo
  expect_exit 0 "$TUSK" backup src
done

[ "$(id -u)" = 0 ] || exit 0
# Read-only: everything that only reads works; a backup says why it does not.
mkdir still && mount --bind repo still && mount -o remount,ro,bind still
whole still
expect_exit 1 "$TUSK" -r still backup src
grep -q '^tusk: backup failed: .*Read-only file system$' err || fail "$(cat err)"

# No space for the index: named as the folder that it is, not as the repository.
mkdir small tmp && mount -t tmpfs -o size=1M none small 2>/dev/null || exit 0
expect_exit 0 env XDG_STATE_HOME="$dir/small" "$TUSK" ls latest
head -c 2000000 /dev/zero >small/fill 2>/dev/null || true
expect_exit 13 env XDG_STATE_HOME="$dir/small" "$TUSK" backup --force src
! grep -q "$dir/repo is full" err || fail "$(cat err)"
grep -q "$dir/small" err || fail "$(cat err)"
# Whoever only reads goes on: from the index that is there, from a temporary one if the repository has news, or if there
# is none at all.
"$TUSK" backup -q --force src >/dev/null
for index in behind gone; do
  [ "$index" = behind ] || rm -rf small/tusk
  cat /dev/zero >small/fill 2>/dev/null || true
  for verb in snapshots "ls -R latest" "find note" "check --data" "restore latest:$dir/src copy-$index"; do
    # shellcheck disable=SC2086 # words
    expect_exit 0 env XDG_STATE_HOME="$dir/small" TMPDIR="$dir/tmp" "$TUSK" $verb
  done
  cmp src/data "copy-$index/data"
done
rmdir tmp || fail "a temporary index is left"
