#!/usr/bin/env bash
# The list of nodes: what can be in it, and that it is part of the repository.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm

expect_exit 0 "$TUSK" node list
grep -qxE "local +local +$dir/repo" out || fail "a repository without a list: $(cat out)"
expect_exit 0 "$TUSK" node add usb "$dir/usb" --init
expect_exit 0 "$TUSK" node add shelf "$dir/shelf" --init --role remote
for place in repo shelf; do
  expect_exit 0 "$TUSK" -r "$dir/$place" node list
  [ "$(awk '{ print $1 ":" $2 ":" $3 }' out | head -3 | tr '\n' ' ')" = "local:local:$dir/repo usb:local:$dir/usb shelf:remote:$dir/shelf " ] ||
    fail "the list on $place: $(cat out)"
done
grep -qx 'a backup needs all of them' out || fail "$(cat out)"

# What is refused, and changes nothing.
expect_exit 2 "$TUSK" node add usb "$dir/other" --init
[ ! -e other ] || fail "a refused node was made"
expect_exit 2 "$TUSK" node add again "$dir/usb"
expect_exit 2 "$TUSK" node add a/b "$dir/other" --init
expect_exit 2 "$TUSK" node add pw ssh://anna:secret@host/path
! grep -q secret err || fail "a password was printed: $(cat err)"
expect_exit 10 "$TUSK" node add none "$dir/nowhere"
"$TUSK" init --key-file "$dir/key2" stranger >/dev/null
expect_exit 1 "$TUSK" node add stranger "$dir/stranger"
grep -q 'another repository is here' err || fail "$(cat err)"
expect_exit 2 "$TUSK" node require remote=2
expect_exit 2 "$TUSK" node require moon=1
expect_exit 2 "$TUSK" node ad usb "$dir/usb"
grep -q 'did you mean "add"' err || fail "$(cat err)"
expect_exit 1 "$TUSK" node remove nobody

expect_exit 0 "$TUSK" node require local=1 remote=1
expect_exit 0 "$TUSK" node list
grep -qx 'a backup needs local=1 remote=1' out || fail "$(cat out)"
expect_exit 2 "$TUSK" node remove shelf
expect_exit 0 "$TUSK" node require all
expect_exit 0 "$TUSK" node remove shelf
[ -e shelf/tusk.repository ] || fail "what was on the node is gone"
expect_exit 0 "$TUSK" node list --json
[ "$(grep -c '"type":"node"' out)" = 2 ] || fail "$(cat out)"

# The first node under a name of the user's.
"$TUSK" -r "$dir/second" init --encryption none >/dev/null
"$TUSK" -r second node add main "$dir/second" >/dev/null
"$TUSK" -r second node add local "$dir/third" --init >/dev/null
[ "$("$TUSK" -r third node list -q | awk '{ print $1 }' | tr '\n' ' ')" = "main local " ] || fail "$("$TUSK" -r third node list)"
