#!/usr/bin/env bash
# Large folders: every name once, whatever the size of the pieces, and from any place in the listing (checklist 24).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir -p source/large source/empty
(cd source/large && seq -f 'a rather long name of a file with number %06g' 9000 | tr '\n' '\0' | xargs -0 touch)
make_repository
backup_of "$dir/source"
mount_here
copy=$mnt/latest$dir/source
diff <(ls source/large) <(ls "$copy/large") || fail "other names"
expect_equal "$(ls -A "$copy/empty" | wc -l)" 0 "names in an empty folder"
expect_equal "$(ls -U "$copy/large" | sort | uniq -d | wc -l)" 0 "names that come twice"
expect_equal "$(ls -aU "$copy/large" | head -2 | tr '\n' ' ')" ". .. " "the first two names"

# telldir and seekdir, while the list of snapshots changes.
cat >seek.py <<'END'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_ulong), ("off", ctypes.c_long), ("len", ctypes.c_ushort), ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]
libc.opendir.restype = ctypes.c_void_p
libc.readdir.argtypes = libc.telldir.argtypes = [ctypes.c_void_p]
libc.readdir.restype = ctypes.POINTER(Dirent)
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
d = libc.opendir(os.fsencode(sys.argv[1]))
names, places = [], []
while True:
    places.append(libc.telldir(d))
    e = libc.readdir(d)
    if not e:
        break
    names.append(bytes(e.contents.name))
for i in list(range(0, len(names), max(1, len(names) // 50))):
    libc.seekdir(d, places[i])
    assert bytes(libc.readdir(d).contents.name) == names[i], i
print(len(names))
END
expect_equal "$(python3 seek.py "$copy/large")" 9002 "names by readdir"
expect_equal "$(python3 seek.py "$mnt/snapshots")" 4 "names among the snapshots"
