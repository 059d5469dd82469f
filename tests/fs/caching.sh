#!/usr/bin/env bash
# A second pass costs the driver nothing (checklist 12, 19, 20); a large file is not read from its start (checklist 13).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse
need_root # /proc/PID/io of a driver that cannot be traced

mkdir source
for i in $(seq 40); do
  mkdir "source/$i"
  for j in $(seq 25); do printf '%s of %s, %0500d\n' "$j" "$i" 7 >"source/$i/$j"; done
done
ln -s 1/1 source/link
head -c 64M /dev/urandom >source/large
make_repository
backup_of "$dir/source"
mount_here
copy=$(latest)$dir/source
grep -q '^1024$' "/sys/class/bdi/$(stat -c '%Hd:%Ld' "$mnt")/read_ahead_kb" || fail "read-ahead is not raised"

# The end of a large file, without its beginning.
tail -c 10 "$copy/large" | cmp - <(tail -c 10 source/large)
before=$(driver_bytes)
dd if="$copy/large" bs=4096 count=1 skip=9000 status=none | cmp - <(dd if=source/large bs=4096 count=1 skip=9000 status=none)
[ $(($(driver_bytes) - before)) -lt 6000000 ] || fail "reading 4 KiB took $(($(driver_bytes) - before)) bytes"

# A name that is not there is asked for once.
expect_error 'No such file' stat "$copy/nothing"
pass() {
  find "$copy" -mindepth 2 -type f -exec cat {} + >/dev/null
  find "$copy" -ls >/dev/null
  readlink "$copy/link" >/dev/null
  [ ! -e "$copy/nothing" ]
  dd if="$copy/large" bs=1M count=16 of=/dev/null status=none
}
pass
before=$(driver_reads)
pass
used=$(($(driver_reads) - before))
[ "$used" -lt 60 ] || fail "the second pass made the driver read $used times"

# Memory does not grow with what has been looked at.
before=$(awk '/VmRSS/ { print $2 }' "/proc/$(driver)/status")
find "$mnt" -ls >/dev/null
cat "$copy/large" >/dev/null
high=$(awk '/VmHWM/ { print $2 }' "/proc/$(driver)/status")
limit=131072
[ -z "${TUSK_TEST_LIGHT:-}" ] || limit=524288 # with a sanitizer's shadow memory
[ "$high" -lt $limit ] || fail "the driver has used $high KiB ($before before)"
