#!/usr/bin/env bash
# Extended attributes, ACLs and capabilities come out as they went in; the driver's own are not listed.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
echo text >source/plain
echo text >source/attr
python3 - <<'END' || skip "no extended attributes here"
import os
os.setxattr("source/attr", "user.comment", b"a comment")
os.setxattr("source/attr", "user.empty", b"")
os.setxattr("source/attr", "user.binary", bytes(range(256)))
os.setxattr("source", "user.folder", b"x" * 3000)
END
if command -v setfacl >/dev/null; then
  setfacl -m u:1001:r source/attr
  setfacl -d -m g:1002:rx source
fi
[ "$(id -u)" != 0 ] || ! command -v setcap >/dev/null || { cp /bin/true source/cap; setcap cap_net_raw+ep source/cap; }
make_repository
backup_of "$dir/source"
mount_here

show() {
  python3 - "$1" <<'END'
import os, sys
for name in sorted(os.listdir(sys.argv[1])) + ["."]:
    path = os.path.join(sys.argv[1], name)
    for attr in sorted(os.listxattr(path)):
        print(name, attr, os.getxattr(path, attr).hex())
END
}
copy=$mnt/latest$dir/source
diff <(show source) <(show "$copy") || fail "extended attributes differ"
cp -a "$copy" copied
diff <(show source) <(show copied) || fail "cp -a lost extended attributes"
expect_equal "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.tusk.sha256").decode())' "$copy/plain")" \
  "$(sha256sum <source/plain | cut -d' ' -f1)" "recorded SHA-256"
python3 - "$copy/attr" "$copy/plain" <<'END'
import errno, os, sys
for path, name, want in ((sys.argv[1], "user.nothing", errno.ENODATA), (sys.argv[2], "user.comment", errno.ENODATA)):
    try:
        os.getxattr(path, name)
        sys.exit("there is an attribute that is not there")
    except OSError as e:
        assert e.errno == want, e
END
unmount_here

# One snapshot without any: not one request for them after the first.
rm -rf source
mkdir -p source/many
(cd source/many && seq 300 | xargs touch)
backup_of "$dir/source"
mount_here -o snapshot=latest
ls -lR "$mnt$dir/source" >/dev/null
[ "$(id -u)" = 0 ] || exit 0
python3 -c 'import os,sys
try: os.getxattr(sys.argv[1], "user.x")
except OSError: pass' "$mnt$dir/source/many/1"
before=$(driver_reads)
for i in "$mnt$dir/source/many"/*; do printf '%s\0' "$i"; done |
  xargs -0 python3 -c 'import os, sys
for path in sys.argv[1:]:
    try: os.getxattr(path, "system.posix_acl_access")
    except OSError: pass'
after=$(driver_reads)
[ $((after - before)) -lt 20 ] || fail "$((after - before)) requests for 300 getxattr calls"
