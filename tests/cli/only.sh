#!/usr/bin/env bash
# --only: nodes of a list without the others. A drill or a check of one is not helped by another; a copy from one to one brings what that one has.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"
three_nodes --encryption aes256-gcm
mkdir src && head -c 400000 /dev/urandom >src/large && echo small >src/small
"$TUSK" backup -q src >/dev/null

# Along one edge: usb has not got what only the first node has, so shelf does not get it from usb.
echo more >src/more
expect_exit 0 "$TUSK" --only local backup src
expect_exit 0 "$TUSK" -r usb --only usb --only shelf sync shelf
grep -q '^shelf .*has everything' out || fail "$(cat out)"
for node in local=2 usb=1 shelf=1; do
  [ "$("$TUSK" --only ${node%=*} snapshots --json | grep -c '"type":"snapshot"')" = ${node#*=} ] || fail "snapshots of $node"
done
expect_exit 0 "$TUSK" --only local --only usb sync usb
mv repo away
expect_exit 0 "$TUSK" -r usb --only usb --only shelf sync shelf
grep -q '^shelf .*1 snapshot, ' out || fail "$(cat out)"
mv away repo
expect_equal_nodes repo usb shelf
expect_exit 2 "$TUSK" --only usb --only moon snapshots
expect_exit 2 "$TUSK" --only usb --only shelf mount src
grep -q 'one node or all' err || fail "$(cat err)"

# Damage of one node, the others whole: seen by whoever asks that node, healed for whoever asks all.
pack=$(cd usb && find packs -type f -size +300k | head -1)
damage "usb/$pack"
expect_exit 4 "$TUSK" drill --from usb --sample 5
grep -q "^tusk: drill: node usb: $dir/src/large: " err || fail "$(cat err)"
expect_exit 4 "$TUSK" drill --sample 5
for line in '^local +3 files, .*equal$' '^usb +3 files, .*: 1 not equal$' '^shelf +3 files, .*equal$'; do grep -qE "$line" out || fail "$(cat out)"; done
expect_exit 4 "$TUSK" --only usb check --data
expect_exit 0 "$TUSK" --only shelf check --data
expect_exit 4 "$TUSK" --only usb restore "latest:$dir/src" copy
expect_exit 0 "$TUSK" --only shelf restore "latest:$dir/src" copy
expect_exit 0 "$TUSK" check --heal --data
expect_exit 0 "$TUSK" drill --from usb --sample 5

# Limits are options of every command.
expect_exit 2 "$TUSK" --limit-upload fast snapshots
grep -q 'limit-upload "fast" is not a size' err || fail "$(cat err)"
expect_exit 0 "$TUSK" --limit-upload 1M --limit-download=64K snapshots
