#!/usr/bin/env bash
# mount -t fuse.PROGRAM, through mount.fuse3 and /bin/sh: they add rw, dev and suid, and search the system's path only.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse
need_root
command -v mount.fuse3 >/dev/null || skip "mount.fuse3 is not installed"

mkdir source
echo text >source/file
make_repository
backup_of "$dir/source"
mount -t "fuse.$TUSKFS" "$dir/repo" "$mnt" -o "key-file=$dir/key" 2>err || { cat err >&2; fail "mount ended with $?"; }
[ ! -s err ] || { cat err >&2; fail "mount is not silent"; }
expect_equal "$(cat "$mnt/latest$dir/source/file")" text "a file"
grep " $mnt " /proc/self/mountinfo | grep >/dev/null nosuid,nodev || fail "suid or dev is in effect"
umount "$mnt"
expect_exit 10 mount -t "fuse.$TUSKFS" "$dir/source" "$mnt"
