#!/usr/bin/env bash
# One backup to a local folder, a host behind a real sshd and two real S3 services side by side; then each of them alone, everything else and all
# client state gone: listed, restored, compared. A node that is down, and one that lost a pack.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"
need_sshd
need_ceph
start_sshd
start_ceph one
first=s3+http://127.0.0.1:$ceph_port/bucket/one
start_ceph two
second=s3+http://127.0.0.1:$ceph_port/bucket/two
# Both ends of the test have something to end.
trap 'status=$?; set +e; stop_sshd; (exit $status); end_ceph' EXIT

mkdir -p source/deep && head -c 3000000 /dev/urandom >source/large && echo small >source/deep/small && ln source/large source/link
make_repository --encryption aes256-gcm
# The URLs say what they are: sshd and the services are those of this test.
"$TUSK" node add nas "ssh://node$dir/nas" --init >/dev/null
"$TUSK" node add one "$first" --init >/dev/null
"$TUSK" node add two "$second" --init >/dev/null
expect_exit 0 "$TUSK" node require local=1 remote=1 cloud=2
expect_exit 0 "$TUSK" backup source
expect_exit 0 "$TUSK" node status
[ "$(grep -c ' complete ' out)" = 4 ] || fail "$(cat out)"
expect_equal_nodes repo nas

# Away: the snapshot is safe elsewhere, and sync brings it.
stop_sshd
echo more >source/more
TUSK_S3_PATIENCE=5 expect_exit 14 "$TUSK" backup source
grep -q 'safe on local, one, two, but not on nas' err || fail "$(cat err)"
start_sshd
trap 'status=$?; set +e; stop_sshd; (exit $status); end_ceph' EXIT
expect_exit 0 "$TUSK" sync
expect_equal_nodes repo nas

# A pack damaged here is healed from another node: the host's, unless that is slow to answer.
pack=$(cd repo && find packs -type f -size +100k | head -1)
damage "repo/$pack"
rm -rf "$XDG_STATE_HOME"
expect_exit 0 "$TUSK" cat "latest:$dir/source/large"
cmp out source/large || fail "wrong bytes"
grep -qE "healed $pack on local from (nas|one|two)\$" err || fail "$(cat err)"
expect_exit 0 "$TUSK" check --all --data

# What is forgotten goes from all nodes, and comes back to all of them.
expect_exit 0 "$TUSK" backup --host undone source
id=$("$TUSK" snapshots --host undone --json | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
expect_exit 0 "$TUSK" forget "$id"
expect_exit 0 "$TUSK" forget --undo "${id:0:8}"
"$TUSK" snapshots --host undone | grep >/dev/null 'replicated *local,nas,one,two ' || fail "$("$TUSK" snapshots)"
[ -z "$(find repo/forgotten nas/forgotten -type f)" ] || fail "a tombstone stayed"
expect_exit 0 "$TUSK" forget "$id"

# Each alone: the folder is away, sshd and the gateways of the others have ended, this client knows nothing. What was backed up comes back by a
# mount and cp -a, and by restore.
begin() {
  case $1 in
    local) mv "$dir/away.repo" repo ;;
    nas) mv "$dir/away.nas" nas && start_sshd && trap 'status=$?; set +e; stop_sshd; (exit $status); end_ceph' EXIT ;;
    *) ceph_gateway "$dir/ceph-$1" ;;
  esac
}
end() {
  case $1 in
    local) mv repo "$dir/away.repo" ;;
    nas) stop_sshd && mv nas "$dir/away.nas" ;;
    *) ceph_signal "$dir/ceph-$1" rgw KILL ;;
  esac
}
need_fuse
mkdir point
for node in local nas one two; do end $node; done
for node in local nas one two; do
  begin $node
  case $node in
    local) url=$dir/repo ;;
    nas) url=ssh://node$dir/nas ;;
    one) url=$first ;;
    two) url=$second ;;
  esac
  rm -rf "$XDG_STATE_HOME" copy copied
  expect_exit 0 "$TUSK" -r "$url" mount point
  cp -a "point/snapshots/latest$dir/source" copied || fail "copying from $node alone"
  expect_exit 0 "$TUSK" umount point
  python3 "$tests/lib/compare.py" source copied || fail "copied from $node alone"
  rm -rf "$XDG_STATE_HOME"
  expect_exit 0 "$TUSK" -r "$url" restore "latest:$dir/source" copy
  python3 "$tests/lib/compare.py" source copy || fail "restored from $node alone"
  end $node
done
begin two
rm -rf "$XDG_STATE_HOME" copy away.repo away.nas
TUSK_S3_PATIENCE=5 expect_exit 0 "$TUSK" -r "$second" --only two restore --no-mount "latest:$dir/source" copy
diff -r source copy || fail "restored from what is left"
