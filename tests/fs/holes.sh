#!/usr/bin/env bash
# Holes are seen by lseek, tar -S and cp (checklist 1), and read as zeros.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
python3 - <<'END'
import os
f = os.open("source/sparse", os.O_CREAT | os.O_WRONLY)
for i in range(40):
    os.pwrite(f, os.urandom(8192), i * 1048576 + 65536)
os.ftruncate(f, 60 << 20)
os.close(f)
END
truncate -s 300M source/hole
head -c 300000 /dev/urandom >source/full
make_repository
backup_of "$dir/source"
mount_here
copy=$(latest)$dir/source

extents() {
  python3 - "$1" <<'END'
import os, sys
f = os.open(sys.argv[1], os.O_RDONLY)
size, at = os.fstat(f).st_size, 0
while at < size:
    try:
        start = os.lseek(f, at, os.SEEK_DATA)
    except OSError as e:
        print("end", e.errno)
        break
    at = os.lseek(f, start, os.SEEK_HOLE)
    print(start, at)
for whence in (os.SEEK_DATA, os.SEEK_HOLE):
    try:
        print(os.lseek(f, size, whence))
    except OSError as e:
        print("beyond", e.errno)
END
}
for name in sparse hole full; do
  diff <(extents "source/$name") <(extents "$copy/$name") || fail "$name: other extents"
done
cmp source/sparse "$copy/sparse"
cmp -n 20000000 source/hole "$copy/hole"
cp -a "$copy/sparse" "$copy/hole" .
[ "$(du -k sparse | cut -f1)" -lt 2000 ] || fail "cp -a filled the holes"
[ "$(du -k hole | cut -f1)" -lt 100 ] || fail "cp -a filled the hole"
[ "$(tar -C "$copy" -cSf - sparse hole | wc -c)" -lt 2000000 ] || fail "tar -S does not see the holes"
