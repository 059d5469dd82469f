#!/usr/bin/env bash
# A service behind TLS: its certificate is checked, and a clock that is wrong is set by the service's.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
need_ceph
command -v openssl >/dev/null || skip "openssl is not installed: no certificate"
for name in mine other; do
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout $name.key -out $name.pem 2>/dev/null
done
read -r tls_port <<<"$(free_ports 1)"
ceph_frontend="ssl_endpoint=127.0.0.1:$tls_port ssl_certificate=$dir/mine.pem ssl_private_key=$dir/mine.key"
start_ceph one
export TUSK_REPOSITORY=s3://127.0.0.1:$tls_port/bucket/p TUSK_KEY_FILE=$dir/key
expect_exit 14 "$TUSK" init
grep -q 'certificate' err || fail "$(cat err)"
expect_exit 14 env TUSK_S3_CA_FILE="$dir/other.pem" "$TUSK" init
grep -q 'certificate' err || fail "$(cat err)"
expect_exit 14 env TUSK_S3_CA_FILE="$dir/missing.pem" "$TUSK" init

TUSK_REPOSITORY+="?ca=$dir/mine.pem"
"$TUSK" init >/dev/null
mkdir src
head -c 300000 /dev/urandom >src/file
"$TUSK" backup --quiet src >/dev/null
"$TUSK" cat "latest:$dir/src/file" | cmp - src/file
# (ThreadSanitizer does not see what libfaketime does with conditions and mutexes.)
if grep -q '^TUSK_SANITIZE:.*thread' "$TUSK_BUILD/CMakeCache.txt"; then
  echo "under ThreadSanitizer: the clock was not tested"
elif command -v faketime >/dev/null; then
  # Certificates have their time too: without TLS.
  plain=s3+http://127.0.0.1:$ceph_port/bucket/p
  # An interposed library before the sanitizer's runtime is meant here.
  export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
  faketime -f +1h "$TUSK" -r "$plain" backup --quiet src >/dev/null
  faketime -f -1h "$TUSK" -r "$plain" cat "latest:$dir/src/file" | cmp - src/file
else
  echo "faketime is not installed: the clock was not tested"
fi
# The driver forks after it has talked to the service: parent and child must not share a connection.
need_fuse
mkdir point
"$TUSK" mount point
cmp "point/snapshots/latest$dir/src/file" src/file
"$TUSK" umount point
