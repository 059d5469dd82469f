#!/usr/bin/env bash
# mount and umount as the companion program does them.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src point && echo hello >src/f && "$TUSK" backup src >/dev/null

# What goes wrong before FUSE is needed.
expect_exit 32 "$TUSK" mount "$dir/missing"
[ "$(cat err)" = "tusk: cannot mount on $dir/missing: No such file or directory" ] || fail "$(cat err)"
expect_exit 32 "$TUSK" mount "$dir/src/f"
[ "$(cat err)" = "tusk: cannot mount on $dir/src/f: Not a directory" ] || fail "$(cat err)"
expect_exit 1 "$TUSK" umount "$dir/point"
[ "$(cat err)" = "tusk: cannot unmount $dir/point: nothing is mounted there" ] || fail "$(cat err)"
expect_exit 1 "$TUSK" umount "$dir/none"
expect_exit 2 "$TUSK" umount /proc
expect_exit 10 "$TUSK" mount "$dir/nothing-here" point
mkdir repo/inside
code=0
"$TUSK" mount "$dir/repo/inside" >out 2>err </dev/null || code=$?
[ "$code" != 0 ] || fail "a mount inside the repository was allowed"
grep -q 'inside' err || fail "$(cat err)"
rmdir repo/inside
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null && [ -e /dev/fuse ]; then
  expect_exit 32 unshare -m sh -c \
    "mount --bind /dev/fuse /dev/fuse && mount -o remount,bind,nodev /dev/fuse && exec tusk mount point"
  grep -q '/dev/fuse: Permission denied' err || fail "$(cat err)"
fi

need_fuse
expect_exit 0 "$TUSK" mount "$dir/point"
[ "$(cat "point/snapshots/latest$dir/src/f")" = hello ] || fail "the mount does not answer when mount returns"
# In use: a clear line, exit 1, still mounted.
(
  cd point/snapshots
  code=0
  "$TUSK" umount "$dir/point" >"$dir/out" 2>"$dir/err" || code=$?
  [ "$code" = 1 ] || fail "exit $code for a mount in use"
)
grep -q "^tusk: cannot unmount $dir/point: it is in use" err || fail "$(cat err)"
expect_exit 0 "$TUSK" umount point
! grep -q " $dir/point " /proc/self/mountinfo || fail "still mounted"
# The repository as an argument, and a password file whose name needs care.
printf 'pw\n' >'pass,word\file' && "$TUSK" --password-file 'pass,word\file' init "$dir/second" >/dev/null 2>&1
env -u TUSK_REPOSITORY -u TUSK_KEY_FILE "$TUSK" mount --password-file 'pass,word\file' "$dir/second" point || fail "second mount"
[ -d point/snapshots ] || fail "second mount is empty"
expect_exit 0 "$TUSK" umount "$dir/point/"
