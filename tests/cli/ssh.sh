#!/usr/bin/env bash
# A repository that lives only behind ssh: everything a user does with one, over a real sshd.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
need_sshd
start_sshd

export TUSK_REPOSITORY=ssh://node$dir/repo TUSK_KEY_FILE=$dir/key
mkdir -p source/deep/er
head -c 3000000 /dev/urandom >source/large
for i in $(seq 60); do echo "file $i" >"source/deep/er/$i"; done
ln -s large source/link
ln source/deep/er/1 source/hard
cp -a source first

# A repository is made, written, listed, checked.
expect_exit 0 "$TUSK" init
expect_exit 1 "$TUSK" init
grep -q 'there is a repository already' err || fail "init over a repository: $(cat err)"
expect_exit 0 "$TUSK" backup source
echo more >source/more
expect_exit 0 "$TUSK" backup source
grep -q '1 new' out || fail "the second backup did not use the first: $(cat out)"
"$TUSK" snapshots --json >out
[ "$(grep -c '"type":"snapshot"' out)" = 2 ] || fail "not two snapshots"
expect_exit 0 "$TUSK" check --data
expect_exit 0 "$TUSK" stats

# The same objects as in a local repository: opened locally, it is whole.
expect_exit 0 "$TUSK" -r "$dir/repo" check --data
[ -z "$(ls -A repo/tmp)" ] || fail "something is left in tmp/"

# Restored and compared, also with no state left on this machine.
rm -rf "$XDG_STATE_HOME"
expect_exit 0 "$TUSK" restore --no-mount latest out1
diff -r source out1"$dir"/source
[ "$(stat -c %h out1"$dir"/source/hard)" = 2 ] || fail "the hard link is gone"

# Keys are added and removed over there.
expect_exit 0 "$TUSK" key add --new-key-file second.key
expect_exit 0 "$TUSK" --key-file second.key snapshots

if [ -e /dev/fuse ] && { : <>/dev/fuse; } 2>/dev/null; then
  # The driver keeps the connection when it goes into the background; a new snapshot shows.
  mkdir mount
  expect_exit 0 "$TUSK" mount mount
  diff -r source mount/snapshots/latest"$dir"/source
  echo later >source/later
  expect_exit 0 "$TUSK" backup source
  until [ -e mount/snapshots/latest"$dir"/source/later ]; do :; done
  # sshd goes and comes back: what was not read yet is read over a new connection.
  stop_sshd
  start_sshd
  expect_exit 0 "$TUSK" restore --from-mount mount latest out2
  diff -r source out2"$dir"/source
  umount mount
fi

# Two clients, each with its own state, write at the same time.
cp -a first/deep second
XDG_STATE_HOME=$dir/state1 "$TUSK" backup first >out1.log 2>&1 &
one=$!
XDG_STATE_HOME=$dir/state2 "$TUSK" backup second >out2.log 2>&1 &
two=$!
wait $one || { cat out1.log; fail "the first of two backups"; }
wait $two || { cat out2.log; fail "the second of two backups"; }
expect_exit 0 "$TUSK" check --data

# What cannot be reached is said in one line, exit 14.
stop_sshd
expect_exit 14 "$TUSK" snapshots
[ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"
grep -q 'node is not reachable: .*Connection refused' err || fail "it is not said why: $(cat err)"
