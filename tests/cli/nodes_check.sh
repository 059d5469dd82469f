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

# What is given back is accounted for, node by node: R = sum r_i. A mount and a restore count what they read; a check does not.
given() { "$TUSK" stats --json | sed -nE "s/.*\"name\":\"$1\".*\"read_bytes\":([0-9]*).*/\1/p"; }
rm -f "$XDG_STATE_HOME"/tusk/*/reads.log
expect_exit 0 "$TUSK" check --data
[ "$(given local):$(given usb)" = 0:0 ] || fail "a check is no restore: $("$TUSK" stats)"
expect_exit 0 "$TUSK" restore --no-mount "latest:$dir/source" given
expect_exit 0 "$TUSK" --only usb cat "latest:$dir/source/large"
for node in local usb; do
  [ "$(($(given $node) / 100000))" = 3 ] || fail "$node gave $(given $node) bytes"
done
[ "$(given shelf)" -lt 5000 ] || fail "shelf gave more than its parameters and lists: $(given shelf)"
"$TUSK" stats --json | grep >/dev/null "\"all_read_bytes\":$(($(given local) + $(given usb) + $(given shelf)))[,}]" || fail "R: $("$TUSK" stats --json)"
"$TUSK" stats | grep >/dev/null '^  given back by usb ' || fail "$("$TUSK" stats)"

# What each snapshot takes alone: what it adds and nobody else has.
head -c 500000 /dev/urandom >source/alone
expect_exit 0 "$TUSK" backup --quiet source
rm source/alone
expect_exit 0 "$TUSK" backup --quiet source
expect_exit 0 "$TUSK" stats --by-snapshot --json
grep '"snapshot-usage"' out | sed -E 's/.*"added_bytes":([0-9]*).*"exclusive_bytes":([0-9]*).*/\1 \2/' >usage
awk 'NR == 1 { good = $1 > 300000 && $2 < 2000 }
  NR == 2 { good = good && $1 > 500000 && $1 < 520000 && $2 > 500000 && $2 <= $1 }
  NR == 3 { good = good && $2 < 2000 }
  END { exit !(good && NR == 3) }' usage || fail "added and alone: $(cat usage)"
expect_exit 0 "$TUSK" stats --by-snapshot
grep -q '^  SNAPSHOT ' out || fail "$(cat out)"
expect_exit 0 "$TUSK" sync
expect_exit 0 "$TUSK" check --all --data

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
