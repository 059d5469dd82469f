#!/usr/bin/env bash
# Power cuts below real file systems (tests/harness/DESIGN.md): ext4 and XFS on a loop device whose every write and flush is recorded; states that a disk with
# a volatile cache may be in are mounted and the oracle looks at each. CI: a few of two workloads; TUSK_TEST_FULL=1: 500 of ext4, 300 of XFS over all.
# Arguments: workloads. TUSK_FILESYSTEM=ext4|xfs: that one. TUSK_STATE=POSITION:SEED with one workload, file system and TUSK_SEED shows a single state.
# shellcheck disable=SC2317 # the workloads are called by name
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
[ -z "${TUSK_TEST_LIGHT:-}" ] || skip "nothing to learn from a sanitizer here"
need_root
need_fuse
[ -e /dev/loop-control ] || skip "there are no loop devices here"
# Unmounted in the reverse order of their names, if it comes to that.
recorder=$dir/a-recorder roots=$dir/b-disk
mkdir "$recorder" "$roots" "$dir/state-mount"

# What the test itself has made is not what is judged.
begin_log() { sync -f "$roots"; }
recorded() { "$@"; }
mark() { printf '%s' "$*" >"$recorder/mark" || fail "mark"; }
# shellcheck source=tests/lib/workloads.sh
. "$tests/lib/workloads.sh"

# image_of KIND: a new file system, as small as it can be, in $work/KIND.
image_of() {
  case $1 in
    ext4) truncate -s 48M "$work/ext4" && mkfs.ext4 -q -F -J size=4 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$work/ext4" ;;
    xfs) truncate -s 320M "$work/xfs" && mkfs.xfs -q -f -K "$work/xfs" ;;
  esac >/dev/null 2>&1 && fallocate --dig-holes "$work/$1"
}

# record KIND NAME: the workload on that file system, from its making on, in $work/log.
record() {
  local device
  rm -f "$work/log"
  cp --sparse=always "$work/$1" "$work/live"
  "$bin/harness_blocklog" "$recorder" "$work/live" "$work/log"
  device=$(losetup --find --show --direct-io=on "$recorder/disk.img") || fail "losetup"
  mount -o nodiscard "$device" "$roots" || { losetup -d "$device"; fail "$1 cannot be mounted from a recorder"; }
  # the device goes with its mount
  losetup -d "$device"
  export TUSK_KEY_FILE=$work/key
  "workload_$2"
  take_digests
  umount "$roots"
  umount "$recorder"
  rm "$work/live"
}

prove() { # KIND NAME
  record "$1" "$2"
  printf '%-5s %-12s ' "$1" "$2"
  "$bin/harness_blocks" "$work/log" "$table" "$work/$1" "$dir/state-mount" "$2" "$1" "$states" "$seed" ${TUSK_STATE:+"$TUSK_STATE"} && return 0
  echo "FAIL: $1: $2"
  return 1
}

# two_of_all: the seed says which.
two_of_all() { python3 -c 'import random, sys; print(*random.Random(sys.argv[1]).sample(sys.argv[2].split(), 2))' "$seed" "$all_workloads"; }
read -ra names <<<"${*:-$(if [ -n "${TUSK_TEST_FULL:-}" ]; then echo "$all_workloads"; else two_of_all; fi)}"
tried=0 failed=0
for kind in ${TUSK_FILESYSTEM:-ext4 xfs}; do
  if ! { image_of "$kind" && mount -o loop "$work/$kind" "$dir/state-mount"; } 2>/dev/null; then
    echo "note: $kind cannot be made or mounted here"
    continue
  fi
  umount "$dir/state-mount"
  tried=1 total=500
  [ "$kind" = ext4 ] || total=300
  states=${TUSK_STATES:-$(share 8 $((total / ${#names[@]} + 1)) 0)}
  for name in "${names[@]}"; do prove "$kind" "$name" || failed=1; done
done
[ $tried = 1 ] || skip "no file system can be mounted from an image"
exit $failed
