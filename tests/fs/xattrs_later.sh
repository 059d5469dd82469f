#!/usr/bin/env bash
# A mount in which nothing has extended attributes tells the kernel so, for ever. The first snapshot that has some is
# shown by a session that takes the mount's place, with nobody noticing.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse
[ "$(id -u)" = 0 ] || skip "only root"
[ -n "$(uname -r | awk -F. '$1 > 6 || ($1 == 6 && $2 >= 5)')" ] || skip "only from Linux 6.5 on"

mkdir source
for i in $(seq 40); do echo "$i" >"source/file$i"; done
make_repository
backup_of "$dir/source"

# What is asked for by name before anybody lists at length is answered, and then always.
mount_here
file=$mnt/latest$dir/source/file7
sum=$(sha256sum <source/file7 | cut -d' ' -f1)
expect_equal "$(getfattr -n user.tusk.sha256 --only-values "$file" 2>/dev/null)" "$sum" "the SHA-256 at first"
ls -lR "$mnt/latest$dir/source" >/dev/null
expect_equal "$(getfattr -n user.tusk.sha256 --only-values "$file" 2>/dev/null)" "$sum" "the SHA-256 after a listing"
unmount_here

# Otherwise a long listing ends the questions.
mount_here
ls -lR "$mnt/latest$dir/source" >/dev/null
expect_error 'not supported' getfattr -n user.none "$file"
cp -a "$mnt/latest$dir/source" first
"$TUSK" verify "latest:$dir/source" first >/dev/null || fail "the copy differs"

# Somebody is inside, somebody reads: they stay where they are.
cd "$mnt/latest$dir/source"
exec 7<"$file"
setfattr -n user.colour -v blue "$dir/source/file7"
chmod 640 "$dir/source/file7"
setfacl -m u:1234:r "$dir/source/file7"
backup_of "$dir/source"
within() { for _ in $(seq 200); do ! "$@" || return 0; sleep 0.05; done; return 1; }
shows() { [ "$(getfattr -n user.colour --only-values "$file" 2>/dev/null)" = blue ]; }
within shows || fail "the new snapshot's attributes do not show"
expect_equal "$(cat <&7)" 7 "a file held open over the change"
expect_equal "$(cat file8)" 8 "a file below a folder that somebody is in"
expect_equal "$(awk -v p="$mnt" '$5 == p' /proc/self/mountinfo | wc -l)" 1 "mounts at the place"
awk -v p="$mnt" '$5 == p' /proc/self/mountinfo | grep 'ro,nosuid,nodev.* fuse.tusk ' >/dev/null || fail "the mount's options"
cp -a "$mnt/latest$dir/source" "$dir/second"
"$TUSK" verify "latest:$dir/source" "$dir/second" >/dev/null || fail "the copy with attributes differs"
expect_equal "$(getfattr -n user.tusk.sha256 --only-values "$file" 2>/dev/null)" "$sum" "the SHA-256 after the change"

# One umount ends it; the driver goes when the last one inside has gone.
exec 7<&-
cd "$dir"
pid=$(driver)
umount "$mnt"
! mountpoint -q "$mnt" || fail "something is still mounted"
await_end "$pid"

# Killed by signal after a change it leaves nothing mounted.
rm -rf repo "$XDG_STATE_HOME"
make_repository
setfacl -b source/file7
setfattr -x user.colour source/file7
backup_of "$dir/source"
mount_here
ls -lR "$mnt/latest$dir/source" >/dev/null
setfattr -n user.colour -v blue source/file7
backup_of "$dir/source"
within shows || fail "the new snapshot's attributes do not show"
pid=$(driver)
kill -TERM "$pid"
await_end "$pid"
! mountpoint -q "$mnt" || fail "something is still mounted after SIGTERM"
