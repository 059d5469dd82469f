#!/usr/bin/env bash
# restore: what is in the way, what may be deleted, what a user without rights gets, what a death leaves behind.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
export TMPDIR=$dir/tmp && mkdir "$TMPDIR"
make_repository --encryption aes256-gcm
mkdir -p src/folder/sub src/empty && echo 1 >src/folder/file && echo 2 >src/plain && ln -s plain src/link
chmod 4755 src/plain
"$TUSK" backup -q src >/dev/null
from=latest:$dir/src

# The summary: what, where to, how much of it was proven.
expect_exit 0 "$TUSK" restore "$from" copy
grep -qE '^restored snapshot [0-9a-f]{8} to copy  ' out || fail "$(cat out)"
grep -q '^  files   2 (4 B), 3 folders, 0 hard links, 1 other$' out || fail "$(cat out)"
grep -q '^  proof   2 files read back, SHA-256 right: 2 written, 0 right already$' out || fail "$(cat out)"
expect_exit 0 "$TUSK" restore "$from" copy
grep -q '^  proof   2 files read back, SHA-256 right: 0 written, 2 right already$' out || fail "$(cat out)"
expect_exit 0 "$TUSK" verify "$from" copy
[ -z "$(ls -A "$TMPDIR")" ] || fail "left in TMPDIR: $(ls -A "$TMPDIR")"

# A symlink where a folder was is replaced, not followed.
mkdir outside && echo precious >outside/file
rm -r copy/folder && ln -s "$dir/outside" copy/folder
rm -r copy/empty && echo x >copy/empty
expect_exit 0 "$TUSK" restore "$from" copy
[ "$(cat outside/file)" = precious ] || fail "something outside the target was written"
[ "$(ls -A outside)" = file ] || fail "something outside the target was made"
expect_exit 0 "$TUSK" verify "$from" copy

# A folder where a file was: an empty one goes; one with files in it only with --delete.
for name in plain link; do
  rm copy/$name && mkdir copy/$name
  expect_exit 0 "$TUSK" restore "$from" copy
  rm copy/$name && mkdir copy/$name && echo mine >copy/$name/mine
  expect_exit 3 "$TUSK" restore "$from" copy
  grep -q "^tusk: not restored: $dir/src/$name: a folder that is not empty is in its place; --delete removes it$" err ||
    fail "$(cat err)"
  [ "$(cat copy/$name/mine)" = mine ] || fail "the folder in the way is gone"
  [ -z "$(find copy -name '.tusk-restore*')" ] || fail "left behind: $(find copy -name '.tusk-restore*')"
  expect_exit 0 "$TUSK" restore --delete "$from" copy
  expect_exit 0 "$TUSK" verify "$from" copy
done

# --delete removes below the target and nowhere else.
echo x >copy/extra && mkdir copy/folder/extra && echo x >copy/folder/extra/x
expect_exit 0 "$TUSK" restore --delete "$from/folder" copy/folder
[ ! -e copy/folder/extra ] || fail "an extra folder is still there"
[ -e copy/extra ] || fail "something beside the target was deleted"
expect_exit 0 "$TUSK" restore --delete "$from" copy
grep -q '^  deleted 1 that the snapshot does not have$' out || fail "$(cat out)"

# What is missing is called so.
rm copy/plain
expect_exit 4 "$TUSK" verify "$from" copy
grep -q "^$dir/src/plain: missing: snapshot present, here absent$" out || fail "$(cat out)"

# One file: to a new name, into a folder, over a symlink (which is replaced).
echo precious >precious && ln -s precious over
for target in new copy/empty over; do expect_exit 0 "$TUSK" restore "$from/plain" "$target"; done
for file in new copy/empty/plain over; do cmp "$file" src/plain; done
[ "$(cat precious)" = precious ] || fail "a symlink was followed"

# Folders above the target are made, as mkdir -p does; a dry run makes none.
umask 027
expect_exit 0 "$TUSK" restore --dry-run "$from" new1/new2/copy
expect_exit 0 "$TUSK" restore --dry-run "$from/plain" new1/new2/plain
[ ! -e new1 ] || fail "a dry run made a folder"
expect_exit 0 "$TUSK" restore "$from" new1/new2/copy
expect_exit 0 "$TUSK" verify "$from" new1/new2/copy
expect_exit 0 "$TUSK" restore "$from/plain" "$dir/new3//new4/plain"
expect_exit 0 "$TUSK" restore "$from/plain" new5/
umask 022
for file in new3/new4/plain new5/plain; do cmp "$file" src/plain; done
for folder in new1 new1/new2 new3 new3/new4 new5; do
  [ "$(stat -c %a "$folder")" = 750 ] || fail "$folder: $(stat -c %a "$folder")"
done
expect_exit 2 "$TUSK" restore "$from" ""
expect_exit 1 "$TUSK" restore "$from" precious/below/copy
grep -q ' precious/below: cannot make a folder for the target: Not a directory$' err || fail "$(cat err)"

# Which attribute differs, and how.
if setfattr -n user.one -v 1 src/plain 2>/dev/null && setfattr -n user.two -v 2 src/plain; then
  "$TUSK" backup -q src >/dev/null
  expect_exit 0 "$TUSK" restore "$from" attributes
  setfattr -n user.one -v x attributes/plain && setfattr -x user.two attributes/plain
  expect_exit 4 "$TUSK" verify "$from" attributes
  grep -q "^$dir/src/plain: xattr user.one: snapshot present, here different$" out || fail "$(cat out)"
  grep -q "^$dir/src/plain: xattr user.two: snapshot present, here absent$" out || fail "$(cat out)"
fi

# A user without rights: the files are the user's, and it is said.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  chmod 755 "$dir" && mkdir -m 777 home && cp -r repo home/repo && chown -R 65534:65534 home/repo && chmod 644 key
  expect_exit 0 env HOME="$dir/home" XDG_STATE_HOME="$dir/home/state" TMPDIR="$dir/home" TUSK_REPOSITORY="$dir/home/repo" \
    setpriv --reuid 65534 --regid 65534 --clear-groups "$TUSK" restore --no-mount "$from" home/copy
  grep -q '^  note    7 could not be given to their owners: they are yours, without their set-user-ID bits$' out ||
    fail "$(cat out)"
  [ "$(stat -c %a:%u home/copy/plain)" = 755:65534 ] || fail "$(stat -c %a:%u home/copy/plain)"
fi

# A full target: named, with what is free, exit 13, nothing half-written.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=1M none small 2>/dev/null; then
  mkdir big && head -c 3000000 /dev/urandom >big/data
  "$TUSK" backup -q big >/dev/null
  expect_exit 13 "$TUSK" restore "latest:$dir/big" small/copy
  grep -qE "^tusk: restore stopped: small/copy is full: $dir/big/data: cannot be written: No space left on device; .* free$" \
    err || fail "$(cat err)"
  [ -z "$(find small -type f)" ] || fail "left behind: $(find small -type f)"
fi

# Killed in the middle: the mount and its folder go as well, and the next run completes the work.
if [ -e /dev/fuse ] && { : <>/dev/fuse; } 2>/dev/null; then
  "$TUSK" backup -q --command stream -- sh -c 'head -c 100000000 /dev/zero' >/dev/null
  "$TUSK" restore latest killed >/dev/null 2>/dev/null &
  pid=$!
  until grep -q "$TMPDIR/tusk-restore" /proc/self/mountinfo; do kill -0 "$pid" || break; done
  guard=$(pgrep -P "$pid" || true)
  kill -9 "$pid"
  wait "$pid" 2>/dev/null || true
  [ -z "$guard" ] || tail --pid="$guard" -f /dev/null
  ! grep -q "$TMPDIR" /proc/self/mountinfo || fail "the mount of a killed restore is still there"
  [ -z "$(ls -A "$TMPDIR")" ] || fail "left in TMPDIR: $(ls -A "$TMPDIR")"
  expect_exit 0 "$TUSK" restore latest killed
  expect_exit 0 "$TUSK" verify latest killed
fi
