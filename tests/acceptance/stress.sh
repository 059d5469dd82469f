#!/usr/bin/env bash
# Eight writers, two pruners, three reading mounts under random kill, STOP and CONT (tests/harness/stress.py). CI: 5 seconds; TUSK_TEST_FULL=1: 90.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
export WORK=$work BIN=$bin
write_key "$work/key" 5a
mkdir "$work/src"
if why=$(need_fuse; need_root); then export TUSKFS; else echo "no mounts: $why" && export TUSKFS=''; fi
status=0
python3 "$tests/harness/stress.py" "${TUSK_SECONDS:-$(share 5 90 3)}" "$seed" || status=$?
for place in "$work"/mnt*; do
  ! mountpoint -q "$place" || umount "$place" || umount -l "$place"
done
exit $status
