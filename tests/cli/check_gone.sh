#!/usr/bin/env bash
# check sees what is not there any more, and notes that are damaged; repair mends what prune cannot do without.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src
for i in 1 2 3; do
  seq "$i" 20000 >src/file && "$TUSK" backup -q src >/dev/null 2>&1
done
id_of() { "$TUSK" snapshots --json | python3 -c 'import json, sys; print([json.loads(line)["id"] for line in sys.stdin][int(sys.argv[1])])' "$1"; }

# The table of contents of a pack that only holds directories.
tree=$(find repo/packs -type f -printf '%s %f\n' | sort -n | sed -n '1s/.* //p')
mv "repo/toc/$tree" kept
expect_exit 4 "$TUSK" check
grep -q "toc/$tree: is lost; the copy inside its pack is intact" out err || fail "$(cat out err)"
expect_exit 0 "$TUSK" repair
cmp kept "repo/toc/$tree" || fail "the table that repair wrote is another one"
expect_exit 0 "$TUSK" check

# A manifest that the next one of this client names.
second=$(id_of 1)
expect_exit 0 "$TUSK" check
mv "repo/snapshots/$second" kept
expect_exit 4 "$TUSK" check
grep -q "snapshots/$second: is missing, and was not forgotten: snapshot [0-9a-f]* came after it" out err || fail "$(cat out err)"
mv kept "repo/snapshots/$second"
expect_exit 0 "$TUSK" forget "$second"
expect_exit 0 "$TUSK" check

# The last one, of which only the client that wrote it knows.
last=$(id_of -1)
mv "repo/snapshots/$last" kept
expect_exit 0 "$TUSK" check
grep -q "snapshots/$last, the last one that this client wrote, is not here and was not forgotten: this is an older copy, or it was lost" err || fail "$(cat out err)"
XDG_STATE_HOME=$dir/stranger expect_exit 0 "$TUSK" check
! grep -q "is not here" err || fail "$(cat err)"
mv kept "repo/snapshots/$last"
expect_exit 0 "$TUSK" check

# A lease that says nothing.
lease=leases/$(printf '0%.0s' {1..64})
head -c 300 /dev/urandom >"repo/$lease"
expect_exit 4 "$TUSK" check
grep -q "$lease: " out err || fail "$(cat out err)"
expect_exit 4 "$TUSK" repair --dry-run
[ -e "repo/$lease" ] || fail "the dry run moved it"
expect_exit 0 "$TUSK" repair
grep -q "^$lease: was damaged, so nobody can hold it" out || fail "$(cat out)"
expect_exit 0 "$TUSK" repair
grep -q 'damaged: 0$' out || fail "$(cat out)"
expect_exit 0 "$TUSK" check

# Notes of every kind.
"$TUSK" tag latest --add kept >/dev/null
"$TUSK" prune >/dev/null
"$TUSK" check --data >/dev/null
for kind in epoch condemned marks forgotten ledger; do
  # repair writes another ledger
  object=$(cd repo && find "$kind" -type f | sed -n 1p)
  chmod u+w "repo/$object"
  python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(90); c = f.read(1)[0]; f.seek(90); f.write(bytes([c ^ 4]))' "repo/$object"
  expect_exit 4 "$TUSK" check
  grep -q "$object: " out err || fail "$object: $(cat out err)"
  case $object in epoch | condemned) ;; *) expect_exit 4 "$TUSK" check --no-key ;; esac
  expect_exit 0 "$TUSK" repair
  grep -q "^$object: was damaged; " out || fail "$(cat out)"
  expect_exit 0 "$TUSK" check
  expect_exit 0 "$TUSK" prune
done
expect_exit 0 "$TUSK" backup src
expect_exit 0 "$TUSK" check --data
