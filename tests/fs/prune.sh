#!/usr/bin/env bash
# forget and prune under a mount that is in use: what stays reads right, what went is gone or an error, never other bytes.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
head -c 6000000 /dev/urandom >source/old
head -c 400000 /dev/urandom >source/both
cp source/old old.copy
make_repository
backup_of "$dir/source"
rm source/old
head -c 3000000 /dev/urandom >source/new
backup_of "$dir/source"
mount_here
first=$(ls "$mnt/snapshots" | sed -n 1p)
exec 7<"$mnt/snapshots/$first$dir/source/old"
cmp "$mnt/latest$dir/source/new" source/new || fail "before"

"$TUSK" forget latest~1 >/dev/null
"$TUSK" prune >out || fail "prune does not work under a mount"
grep -q '^removed [1-9]' out || fail "$(cat out)"

# The file that is open: its own bytes, as far as they come, then an error. (The kernel may have read ahead.)
code=0
cat <&7 >rest 2>err || code=$?
exec 7<&-
cmp -n "$(stat -c %s rest)" rest old.copy || fail "wrong bytes came out of a forgotten snapshot"
if [ "$(stat -c %s rest)" -lt 6000000 ]; then
  [ "$code" != 0 ] || fail "a file came to an early end without an error"
  grep -qE 'Input/output error|Stale file handle' err || fail "$(cat err)"
fi

# What is written anew or stays where it was reads as before, also through the index that this driver has open.
echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || true
cmp "$mnt/latest$dir/source/new" source/new || fail "what stays"
cmp "$mnt/latest$dir/source/both" source/both || fail "what both had"
end=$((SECONDS + 10))
while [ -e "$mnt/snapshots/$first" ]; do
  [ $SECONDS -lt $end ] || fail "the forgotten snapshot is still listed"
done
[ "$(find "$mnt/snapshots" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ] || fail "$(ls "$mnt/snapshots")"
