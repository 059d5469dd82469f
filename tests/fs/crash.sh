#!/usr/bin/env bash
# A driver that dies leaves an error, not an empty folder (checklist 14); the next mount clears it away; a signal ends it
# cleanly; it answers when it says so (checklist 11).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
head -c 5000000 /dev/urandom >source/file
make_repository
backup_of "$dir/source"
for _ in 1 2 3 4 5; do
  mount_here
  cmp source/file "$mnt/latest$dir/source/file" || fail "not ready when reported"
  unmount_here
done

mount_here
pid=$(driver)
kill -9 "$pid"
await_end "$pid"
expect_error 'not connected' ls "$mnt"
expect_error 'not connected' cat "$mnt/latest$dir/source/file"
mount_here
cmp source/file "$mnt/latest$dir/source/file"
expect_equal "$(grep -c " $mnt " /proc/self/mountinfo)" 1 "mounts at one place"
unmount_here

# The same where the kernel remembers the root for ever.
mount_here -o snapshot=latest
ls -l "$mnt" >/dev/null
pid=$(driver)
kill -9 "$pid"
await_end "$pid"
mount_here

# SIGTERM while files are open and being read.
pid=$(driver)
exec 7<"$mnt/latest$dir/source/file"
(while cat "$mnt/latest$dir/source/file"; do :; done >/dev/null 2>&1) &
kill -TERM "$pid"
await_end "$pid"
wait $!
expect_equal "$(grep -c " $mnt " /proc/self/mountinfo || true)" 0 "mounts after SIGTERM"
exec 7<&-

# A reader that gets signals does not get errors (checklist 8).
mount_here
python3 - "$mnt/latest$dir/source/file" <<'END'
import os, signal, sys
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for i in range(5):
    fd = os.open(sys.argv[1], os.O_RDONLY)
    total = 0
    while data := os.read(fd, 65536):
        total += len(data)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    assert total == 5000000, total
signal.setitimer(signal.ITIMER_REAL, 0)
END
