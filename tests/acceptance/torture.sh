#!/usr/bin/env bash
# The torture tree, copied out of the mount by cp, rsync and tar and restored by tusk: an independent comparer finds no difference, tusk verify
# agrees. TUSK_TEST_FULL=1: 10,000 entries, a folder of 100,000 (on tmpfs as root, for 1,000 xattrs on one file).
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
need_fuse
need_root

entries=1500 folder=3000 apparent=268435456
[ -z "${TUSK_TEST_FULL:-}" ] || entries=10000 folder=100000 apparent=4294967296
mkdir big
mount -t tmpfs -o size=16g tmpfs big
cd big
python3 "$tests/lib/torture.py" tree --entries "$entries" --folder "$folder" --apparent "$apparent"
printf 'torture: %s entries, %s\n' "$(find tree | wc -l)" "$(du -sh tree | cut -f1)"
make_repository --encryption aes256-gcm
"$TUSK" backup --json tree >summary || fail "backup: exit $?"
here=$(pwd)/tree
mkdir mnt
"$TUSK" mount mnt
from=mnt/latest$here
[ -d "$from" ] || fail "$from is not there"

judge() { # NAME HOLES
  python3 "$tests/lib/compare.py" --holes "$2" tree "$1" || fail "$1: the comparer found differences"
  "$TUSK" verify "latest:$here" "$1" || fail "$1: tusk verify disagrees"
}
printf -- '-- the mount itself\n'
judge "$from" exact
printf -- '-- cp -a\n'
cp -a "$from" by-cp
judge by-cp exact
rm -rf by-cp
printf -- '-- rsync -aHAXS\n'
rsync -aHAXS "$from/" by-rsync
judge by-rsync kept
rm -rf by-rsync
printf -- '-- tar -S\n'
mkdir by-tar
tar -C "$from" --xattrs --xattrs-include='*' --acls -Scf - --format=posix . 2>tar-errors |
  tar -C by-tar --xattrs --xattrs-include='*' --acls --warning=no-timestamp -xpSf -
grep -v 'socket ignored' tar-errors && fail "tar complained"
# GNU tar stores no sockets and no links of FIFOs, also of a tree on disk: those two are made good here, nothing else
python3 - by-tar/special <<'PY'
import os, socket, sys
os.chdir(sys.argv[1])
socket.socket(socket.AF_UNIX).bind("socket")
PY
chmod --reference tree/special/socket by-tar/special/socket
touch -r tree/special/socket by-tar/special/socket
ln -f by-tar/special/fifo by-tar/links/fifo-link
touch -r tree/special by-tar/special
touch -r tree/links by-tar/links
judge by-tar exact
rm -rf by-tar
"$TUSK" umount mnt
printf -- '-- tusk restore\n'
"$TUSK" restore "latest:$here" by-restore
judge by-restore exact
printf -- '-- tusk restore, again\n'
"$TUSK" restore "latest:$here" by-restore
judge by-restore exact
printf -- '-- tusk restore without a mount\n'
"$TUSK" restore --no-mount "latest:$here" by-reader
judge by-reader exact
printf -- '-- tusk dump\n'
mkdir by-dump
"$TUSK" dump "latest:$here" | tar -C by-dump --xattrs --xattrs-include='*' --acls --warning=no-timestamp -xpSf - || fail "tar cannot read the dump"
find by-dump -path '*/special/fifo' | grep >/dev/null . || fail "the dump is not whole"
