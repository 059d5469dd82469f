#!/usr/bin/env bash
# Backups go to all nodes; one that was away catches up; each alone is enough; exit statuses say what was reached.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"

mkdir -p source/deep && head -c 3000000 /dev/urandom >source/large && echo small >source/deep/small
three_nodes --encryption aes256-gcm
expect_exit 0 "$TUSK" backup source
expect_equal_nodes repo usb shelf

# A node is away: the snapshot is safe on the others, and that is not enough unless the policy says so.
mv shelf away
head -c 500000 /dev/urandom >source/second
expect_exit 14 "$TUSK" backup source
grep -q '^tusk: node shelf is owed this snapshot: ' err || fail "$(cat err)"
grep -q '^tusk: the snapshot is safe on local, usb, but not on shelf$' err || fail "$(cat err)"
expect_exit 0 "$TUSK" node require local=2
expect_exit 0 "$TUSK" backup source
expect_exit 14 "$TUSK" sync
grep -q '^tusk: sync: node shelf: ' err || fail "$(cat err)"
expect_exit 0 "$TUSK" sync local usb
mv away shelf
expect_exit 0 "$TUSK" sync
grep -q 'shelf *2 snapshots, ' out || fail "$(cat out)"
expect_equal_nodes repo usb shelf
expect_exit 0 "$TUSK" sync
[ "$(grep -c 'has everything' out)" = 3 ] || fail "$(cat out)"
expect_exit 1 "$TUSK" sync nobody

# What a node lacks of older snapshots comes with the next one: a manifest is never on a node that lacks packs.
newest() { "$TUSK" snapshots --json | tail -1 | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/'; }
mkdir behind && mv "$(find shelf/packs -type f -size +100k | head -1)" behind/
rm "shelf/toc/$(ls behind)"
expect_exit 0 "$TUSK" backup source
grep -q ': shelf: 1 pack brought that it lacked from before$' err || fail "$(cat err)"
expect_equal_nodes repo usb shelf
# Unless that is much: then it waits for sync.
if [ -z "${TUSK_TEST_LIGHT:-}" ]; then
  head -c 270000000 /dev/urandom >source/much
  mv shelf away
  expect_exit 0 "$TUSK" backup source
  rm source/much
  mv away shelf
  expect_exit 0 "$TUSK" backup source
  grep -q '^tusk: node shelf is owed this snapshot: packs/.* is missing there$' err || fail "$(cat err)"
  [ -e "usb/snapshots/$(newest)" ] || fail "the snapshot is not on usb"
  [ ! -e "shelf/snapshots/$(newest)" ] || fail "a manifest on a node that lacks packs"
  expect_exit 0 "$TUSK" sync
  expect_equal_nodes repo usb shelf
  expect_exit 0 "$TUSK" forget "$("$TUSK" snapshots --json | grep '"type":"snapshot"' | tail -2 | head -1 | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')"
  expect_exit 0 "$TUSK" prune
  expect_exit 0 "$TUSK" sync
fi

# The node named by -r is away, another one leads to all.
lines=$("$TUSK" snapshots | wc -l)
mv repo away
expect_exit 0 "$TUSK" -r usb snapshots
[ "$(wc -l <out)" = "$lines" ] || fail "$(cat out)"
echo third >source/third
expect_exit 0 "$TUSK" -r usb backup source
mv away repo
expect_exit 0 "$TUSK" -r shelf sync
expect_equal_nodes repo usb shelf

# A snapshot that was forgotten while a node was away does not come back with it; prune takes the data from every node.
head -c 400000 /dev/urandom >source/doomed
expect_exit 0 "$TUSK" backup source
doomed=$(newest)
rm source/doomed
expect_exit 0 "$TUSK" backup source
mv shelf away
expect_exit 0 "$TUSK" forget "$doomed"
expect_exit 0 "$TUSK" prune
mv away shelf
[ -e "shelf/snapshots/$doomed" ] || fail "the test is out of date"
rm -rf "$XDG_STATE_HOME"
"$TUSK" snapshots --json >list
! grep -q "\"id\":\"$doomed\"" list || fail "the forgotten snapshot is back"
expect_exit 0 "$TUSK" sync
grep -q 'shelf .*, 1 forgotten' out || fail "$(cat out)"
[ ! -e "shelf/snapshots/$doomed" ] || fail "the forgotten snapshot is still on shelf"
expect_exit 0 "$TUSK" prune
expect_exit 0 "$TUSK" sync
expect_equal_nodes repo usb shelf
expect_exit 0 "$TUSK" check --data

# Nor does a key that was removed meanwhile.
expect_exit 0 "$TUSK" key add --new-key-file second
mv shelf away
expect_exit 0 "$TUSK" key remove "$("$TUSK" key list | awk '$1 != "*" { print $1 }')"
mv away shelf
[ "$("$TUSK" key list | wc -l)" = 1 ] || fail "the removed key is listed: $("$TUSK" key list)"
expect_exit 0 "$TUSK" sync
expect_exit 12 "$TUSK" -r shelf --key-file second ls latest
expect_equal_nodes repo usb shelf

# Each alone, everything else gone.
mkdir gone
for node in repo usb shelf; do
  for other in repo usb shelf; do [ $other = $node ] || mv $other gone/; done
  rm -rf "$XDG_STATE_HOME" copy
  expect_exit 0 "$TUSK" -r $node restore "latest:$dir/source" copy
  diff -r source copy || fail "restored from $node alone"
  mv gone/* .
done

# A disk that was lost is made again from what is left, under its old name; a new place becomes one more node.
rm -rf repo "$XDG_STATE_HOME"
expect_exit 2 "$TUSK" init --from "$dir/usb" --encryption none
expect_exit 12 env -u TUSK_KEY_FILE "$TUSK" init --from "$dir/usb"
[ ! -e repo ] || fail "something was made without a key"
expect_exit 0 "$TUSK" init --from "$dir/usb"
grep -qx "created node local of the repository $dir/usb: $dir/repo" out || fail "$(cat out)"
expect_equal_nodes repo usb shelf
expect_exit 0 env -u TUSK_REPOSITORY "$TUSK" init --from "$dir/usb" "$dir/fresh"
grep -q '^created node local2 ' out || fail "$(cat out)"
expect_exit 0 "$TUSK" sync
expect_equal_nodes repo usb shelf fresh
expect_exit 0 "$TUSK" -r fresh backup source
expect_equal_nodes repo usb shelf fresh
expect_exit 1 "$TUSK" init --from "$dir/usb"
