#!/usr/bin/env bash
# A repository that only ever lived in a bucket of a real service: everything that a local one can do.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"

# What goes wrong before there is a service.
export TUSK_KEY_FILE=$dir/key
expect_exit 2 "$TUSK" -r s3://host snapshots
grep -q 'the bucket is missing' err || fail "$(cat err)"
expect_exit 2 "$TUSK" -r s3://me:secret@host/bucket snapshots
grep -q 'keys do not belong in a URL' err || fail "$(cat err)"
expect_exit 2 "$TUSK" -r s3+http://192.0.2.1/bucket snapshots
grep -q 'TUSK_S3_ALLOW_HTTP=1' err || fail "$(cat err)"
expect_exit 2 env -u AWS_ACCESS_KEY_ID HOME="$dir/nowhere" "$TUSK" -r s3://host/bucket snapshots
grep -q 'there are no keys' err || fail "$(cat err)"
read -r nobody <<<"$(free_ports 1)"
TUSK_S3_PATIENCE=1 expect_exit 14 "$TUSK" -r "s3+http://127.0.0.1:$nobody/bucket" snapshots
grep -q "127.0.0.1:$nobody does not answer" err || fail "$(cat err)"

need_ceph
start_ceph one
service=s3+http://127.0.0.1:$ceph_port

expect_exit 10 "$TUSK" -r "$service/bucket/deep/prefix" snapshots
grep -q 'there is no bucket "bucket"' err || fail "$(cat err)"
TUSK_REPOSITORY=$service/bucket/deep/prefix
export TUSK_REPOSITORY
"$TUSK" init >/dev/null
expect_exit 1 "$TUSK" init
grep -q 'there is a repository already' err || fail "$(cat err)"
expect_exit 1 "$TUSK" -r "$service/bucket/deep" init
grep -q 'there are other objects below this prefix' err || fail "$(cat err)"
expect_exit 10 "$TUSK" -r "$service/bucket/other" snapshots
expect_exit 14 env AWS_SECRET_ACCESS_KEY=wrong "$TUSK" snapshots
grep -q 'SignatureDoesNotMatch' err || fail "$(cat err)"

mkdir -p src/sub
seq 1 200000 >src/numbers && head -c 3000000 /dev/urandom >src/random && echo hello >src/sub/hello && ln src/random src/link
"$TUSK" backup --quiet src >/dev/null
echo more >>src/sub/hello
"$TUSK" backup --quiet src >/dev/null
# This client forgets all that it knows.
rm -rf "$XDG_STATE_HOME"
[ "$("$TUSK" snapshots --json | grep -c '"type":"snapshot"')" = 2 ] || fail "not two snapshots"
[ "$("$TUSK" cat "latest:$dir/src/sub/hello")" = $'hello\nmore' ] || fail "cat says something else"
"$TUSK" check --data >out || fail "check: $(cat out)"
"$TUSK" repair index >/dev/null
need_fuse
rm -rf "$XDG_STATE_HOME"
"$TUSK" restore latest target >/dev/null
python3 "$tests/lib/compare.py" src "target$dir/src" || fail "restored from the bucket alone"
mkdir point
rm -rf "$XDG_STATE_HOME"
"$TUSK" mount point
cp -a "point/snapshots/latest$dir/src" copied
python3 "$tests/lib/compare.py" src copied || fail "copied out of a mount of the bucket alone"
# A snapshot that another command writes shows up in the mount.
echo third >src/third
"$TUSK" backup --quiet src >/dev/null
for _ in $(seq 100); do
  [ ! -e "point/snapshots/latest$dir/src/third" ] || break
  sleep 0.1
done
[ "$(cat "point/snapshots/latest$dir/src/third")" = third ] || fail "the mount does not show the new snapshot"
"$TUSK" umount point
