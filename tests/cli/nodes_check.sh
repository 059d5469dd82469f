#!/usr/bin/env bash
# Nodes checked where they lie, healed from each other; what each holds, in the words of status, stats and snapshots.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"

mkdir -p source/deep && head -c 300000 /dev/urandom >source/large && echo small >source/deep/small
three_nodes --encryption aes256-gcm
"$TUSK" backup --quiet source >/dev/null
"$TUSK" sync >/dev/null
state() { "$TUSK" snapshots | sed -n 's/^[0-9a-f]\{8\} .* \(local\|replicated\|verified\|degraded\)  *\([a-z,]*\)  .*/\1 \2/p'; }
[ "$(state)" = "replicated local,usb,shelf" ] || fail "$("$TUSK" snapshots)"

# Undamaged: every node, then what was proven is known.
expect_exit 0 "$TUSK" check --all --data
[ "$(grep -c ' objects, ' out)" = 3 ] || fail "$(cat out)"
[ "$(state)" = "verified local,usb,shelf" ] || fail "$("$TUSK" snapshots)"
expect_exit 0 "$TUSK" sync
expect_exit 0 "$TUSK" node status
[ "$(grep -c ' complete .* 100 % ' out)" = 3 ] || fail "$(cat out)"

# Damage is found on the node that has it, and named; without --data packs are only looked for.
pack=$(cd repo && find packs -type f -size +100k)
snapshot=$(cd repo && find snapshots -type f)
damage "shelf/$pack"
cut_half "usb/$snapshot"
expect_exit 0 "$TUSK" check --node shelf
expect_exit 4 "$TUSK" check --node shelf --data
grep -q "$pack" out || fail "$(cat out)"
expect_exit 4 "$TUSK" check --all --data
grep -q "$snapshot" out || fail "$(cat out)"
[ "$(state)" = "replicated local,usb,shelf" ] || fail "a bad proof still counts: $("$TUSK" snapshots)"
expect_exit 0 "$TUSK" check --heal --data
grep -q "healed $pack on shelf" err || fail "$(cat err)"
grep -q "healed $snapshot on usb" err || fail "$(cat err)"
expect_exit 0 "$TUSK" check --all --data
expect_equal_nodes repo usb shelf
[ "$(find shelf/quarantine usb/quarantine -type f | wc -l)" = 2 ] || fail "nothing in quarantine"
rm "shelf/$pack"
expect_exit 4 "$TUSK" check --node shelf
expect_exit 0 "$TUSK" check --node shelf --heal
expect_equal_nodes repo usb shelf

# A check of the whole repository heals what it meets on the node that it reads.
damage "repo/$pack"
rm -rf "$XDG_STATE_HOME"
expect_exit 0 "$TUSK" check --data
grep -q "healed $pack on local from usb" err || fail "$(cat err)"

# Sizes are those that du counts (what lies in quarantine, tmp, lock and reserve is not the repository's).
expect_exit 0 "$TUSK" stats --json
for node in local:repo usb:usb shelf:shelf; do
  place=${node#*:}
  size=$(find "$place" -type f -not -path '*/quarantine/*' -not -path '*/tmp/*' -not -name lock -not -name reserve -printf '%s\n' | awk '{ s += $1 } END { print s }')
  grep -q "\"name\":\"${node%:*}\".*\"physical_bytes\":$size,\|\"physical_bytes\":$size,.*\"name\":\"${node%:*}\"" out || fail "$node is $size: $(cat out)"
  sum=$((${sum:-0} + size))
done
grep -q "\"all_nodes_bytes\":${sum}[,}]" out || fail "B is $sum: $(cat out)"

# A node away, a node behind.
mv shelf away
expect_exit 14 "$TUSK" node status
grep -q '^shelf .* unreachable ' out || fail "$(cat out)"
echo more >source/more
expect_exit 14 "$TUSK" backup source
expect_exit 14 "$TUSK" check --all
mv away shelf
expect_exit 0 "$TUSK" node status
grep -q '^shelf .* behind .* lacks 1 snapshots' out || fail "$(cat out)"
[ "$(state | tail -1)" = "degraded local,usb" ] || fail "$("$TUSK" snapshots)"
[ "$("$TUSK" --only usb stats --json | grep -c node-status)" = 0 ] || fail "--only usb knows others"
