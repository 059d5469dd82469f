#!/usr/bin/env bash
# Any object damaged, cut or deleted on any node, one at a time: what is read stays right, and sync or reading makes the node whole again;
# the log lists exactly what was healed.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"

mkdir -p source/deep && head -c 300000 /dev/urandom >source/large && echo small >source/deep/small
three_nodes --encryption aes256-gcm
"$TUSK" backup --quiet source >/dev/null
expect_equal_nodes repo usb shelf
objects_of repo | grep -E '^(packs|toc|snapshots)/' >objects
[ "$(grep -c ^packs objects):$(grep -c ^snapshots objects)" = 2:1 ] || fail "$(cat objects)"

# read_all NODE: through that node, with nothing remembered; what comes out must be right.
read_all() {
  rm -rf "$XDG_STATE_HOME" copy
  mkdir copy
  "$TUSK" -r "$1" dump "latest:$dir/source" 2>err | tar -x -C copy || fail "reading through $1: $(cat err)"
  diff -r source "copy$dir/source" >&2 || fail "wrong bytes through $1"
}
healed() { sed -n 's/^tusk: healed //p' err; }

for node in repo usb shelf; do
  name=$([ $node = repo ] && echo local || echo $node)
  other=$([ $node = repo ] && echo usb || echo local)
  while read -r object; do
    for harm in damage cut_half "rm -f"; do
      # A deleted object leaves nothing in quarantine.
      $harm "$node/$object"
      read_all $node
      [ "$(healed)" = "$object on $name from $other" ] || fail "$harm $node/$object: the log says: $(cat err)"
      grep -qF "healed $object on $name from $other" "$XDG_STATE_HOME"/tusk/*/nodes.log || fail "nothing in nodes.log"
      cmp "$node/$object" "$([ $node = repo ] && echo usb || echo repo)/$object" || fail "$node/$object is not whole again"
    done
  done <objects
  [ "$(find "$node/quarantine" -type f | wc -l)" = $((2 * $(wc -l <objects))) ] || fail "the quarantine of $node: $(ls "$node/quarantine")"
  read_all $node
  [ -z "$(healed)" ] || fail "healed without damage: $(cat err)"
done
expect_equal_nodes repo usb shelf

# With --only there is nothing to heal from.
pack=$(find repo/packs -type f -size +100k)
damage "$pack"
rm -rf "$XDG_STATE_HOME"
expect_exit 4 "$TUSK" --only local cat "latest:$dir/source/large"
! grep -q healed err || fail "$(cat err)"
rm -rf "$XDG_STATE_HOME"
expect_exit 0 "$TUSK" -r repo --only usb cat "latest:$dir/source/large"
cmp out source/large || fail "--only usb"
expect_exit 2 "$TUSK" --only moon ls latest

# Damage is never spread: sync from a node whose copy is bad takes another's, and heals that node.
rm "shelf/${pack#repo/}"
expect_exit 0 "$TUSK" sync
grep -q "healed ${pack#repo/} on local from usb" err || fail "$(cat err)"
expect_equal_nodes repo usb shelf

# Bad on all others: nothing is copied, that is said, and the rest goes on.
for node in repo usb; do damage "$node/${pack#repo/}"; done
rm "shelf/${pack#repo/}"
expect_exit 4 "$TUSK" sync
[ ! -e "shelf/${pack#repo/}" ] || fail "a damaged pack was copied"
