#!/usr/bin/env bash
# Power cuts of real file systems (tests/harness/powercut.py): ext4 and XFS in loop-mounted images are shut down amid backups without flushing their journals.
# CI: a few; TUSK_TEST_FULL=1: 400 each.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
need_root
export WORK=$work BIN=$bin
write_key "$work/key" 5a
tried=0 failed=0
for kind in ext4 xfs; do
  command -v "mkfs.$kind" >/dev/null || { echo "note: mkfs.$kind is not installed"; continue; }
  rm -f "$work/image"
  mkdir -p "$dir/try" && truncate -s 400M "$work/image"
  if ! { "mkfs.$kind" -q "$work/image" && mount -o loop "$work/image" "$dir/try"; } >/dev/null 2>&1; then
    echo "note: $kind cannot be mounted from an image here"
    rm -f "$work/image"
    continue
  fi
  umount "$dir/try"
  rm -f "$work/image"
  tried=1
  python3 "$tests/harness/powercut.py" "$kind" "${TUSK_STATES:-$(share 4 400 2)}" "$seed" || failed=1
done
[ $tried = 1 ] || skip "no file system can be mounted from an image"
exit $failed
