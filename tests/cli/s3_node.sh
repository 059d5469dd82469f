#!/usr/bin/env bash
# The contract of a node over two real services: one as it is, and one that takes two requests at a time and refuses the others (503 SlowDown).
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
need_ceph
start_ceph one
first=$ceph_port
start_ceph two 'rgw max concurrent requests = 2'
contract() { env "$@" "$TUSK_BUILD/tests/test_s3_node" >out 2>&1 || { cat out >&2; fail "the contract does not hold: $*"; }; }
contract "TUSK_TEST_S3=s3+http://127.0.0.1:$first/bucket/a/b"
contract "TUSK_TEST_S3=s3+http://127.0.0.1:$ceph_port/bucket/a/b" TUSK_TEST_LIGHT=1
TUSK_TEST_NODE=s3+http://127.0.0.1:$first/bucket/foresee "$TUSK_BUILD/tests/test_foresee" >out 2>&1 || { cat out >&2; fail "what was foreseen"; }
# The bucket as a part of the host's name, another region, keys from a file.
mkdir -p home/.aws
printf '[work]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = somewhere-1\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >home/.aws/credentials
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY HOME="$dir/home" TUSK_KEY_FILE="$dir/key" \
  "$TUSK" -r "s3+http://127.0.0.1:$first/bucket/c?profile=work" init >/dev/null
TUSK_KEY_FILE=$dir/key "$TUSK" -r "s3+http://s3.localhost:$first/bucket/c?addressing=dns" snapshots >/dev/null 2>&1
# The class is for packs only.
export TUSK_KEY_FILE=$dir/key TUSK_REPOSITORY="s3+http://127.0.0.1:$first/bucket/d?storage-class=NO_SUCH_CLASS"
"$TUSK" init >/dev/null
expect_exit 14 "$TUSK" backup out
grep -q 'packs/.* 400 ' err || fail "$(cat err)"
