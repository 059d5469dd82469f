#!/usr/bin/env bash
# A service that fails in every way a service can: what was acknowledged is there, and the exit status is true.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/faults.sh
. "$tests/lib/faults.sh"
need_ceph
start_ceph one
start_faults "$ceph_port"
direct=s3+http://127.0.0.1:$ceph_port/bucket/p
export TUSK_REPOSITORY=s3+http://127.0.0.1:$faults_port/bucket/p TUSK_KEY_FILE=$dir/key
"$TUSK" init >/dev/null
mkdir src
acknowledged=0

# Something new to store each time.
change() { head -c 600000 /dev/urandom >"src/new-$acknowledged"; }
snapshots() { "$TUSK" -r "$direct" snapshots --json | grep -c '"type":"snapshot"' || true; }
# succeeds ACTION...: the backup gets through the faults set, each of which did happen.
succeeds() {
  local action before=()
  for action in "$@"; do before+=("$(faults_done "$action")"); done
  change
  expect_exit 0 "$TUSK" backup --quiet src
  acknowledged=$((acknowledged + 1))
  for action in "$@"; do
    [ "$(faults_done "$action")" -gt "${before[0]}" ] || fail "$action never happened"
    before=("${before[@]:1}")
  done
}
# gives_up STATUS COMMAND-PREFIX...: it does not, says so, and nothing counts as stored.
gives_up() {
  local status=$1
  shift
  change
  expect_exit "$status" "$@" "$TUSK" backup --quiet src
  [ "$(snapshots)" = "$acknowledged" ] || fail "a backup that failed left a snapshot"
}

# Passing troubles.
faults 'PUT packs/ 2 status 503' 'PUT toc/ 1 status 500' 'PUT snapshots/ 1 status 503'
succeeds status
faults 'PUT packs/ 2 rstup 300000' 'PUT snapshots/ 1 rstdown 40'
succeeds rstup rstdown
faults 'PUT packs/ 1 endup 200000' 'GET * 2 enddown 100' 'PUT toc/ 1 enddown 60'
succeeds endup enddown
faults 'PUT packs/ 1 flipup 4000' 'PUT toc/ 1 flipup 9' 'PUT snapshots/ 1 flipup 50'
succeeds flipup
faults 'PUT packs/ 1 lie 200' 'PUT toc/ 1 lie 200' 'PUT snapshots/ 1 lie 200'
succeeds lie

# Lasting ones.
faults 'PUT packs/ -1 lie 200'
gives_up 14 env
grep -q 'says that it stored' err || fail "$(cat err)"
faults 'PUT snapshots/ -1 lie 200'
gives_up 14 env
faults 'PUT snapshots/ -1 status 503'
gives_up 14 env TUSK_S3_PATIENCE=2
grep -q '503 SlowDown' err || fail "$(cat err)"
faults 'PUT packs/ -1 hang'
gives_up 14 env TUSK_S3_PATIENCE=1 TUSK_S3_TIMEOUT=1
grep -q 'does not answer' err || fail "$(cat err)"
faults 'PUT packs/ -1 status 507'
gives_up 13 env
faults
succeeds

# Wrong bits on the way here are noticed; and they are not the repository's.
rm -rf "$XDG_STATE_HOME"
faults 'GET packs/ -1 flipdown 3000'
expect_exit 4 "$TUSK" cat "latest:$dir/src/new-0"
faults
"$TUSK" cat "latest:$dir/src/new-0" | cmp - src/new-0

# The service goes away in the middle of a pack, and comes back. What it had acknowledged it still has.
faults 'delay 150'
head -c 6000000 /dev/urandom >src/large
"$TUSK" backup --quiet src >/dev/null 2>err &
backup=$!
while ! grep -q "PUT.*packs/" <(tail -n 3 "$dir/faults.log"); do sleep 0.05; done
ceph_signal "$ceph_dir" rgw KILL
ceph_gateway "$ceph_dir"
wait $backup || fail "the backup did not survive the end of the gateway: $(cat err)"
acknowledged=$((acknowledged + 1))
faults

# The store behind it stands still: no answer, and then all is well again.
ceph_signal "$ceph_dir" osd STOP
change
expect_exit 14 env TUSK_S3_PATIENCE=2 TUSK_S3_TIMEOUT=1 "$TUSK" backup --quiet src
ceph_signal "$ceph_dir" osd CONT
succeeds
[ "$(snapshots)" = "$acknowledged" ] || fail "$(snapshots) snapshots instead of $acknowledged"

rm -rf "$XDG_STATE_HOME"
"$TUSK" -r "$direct" check --data >out 2>&1 || fail "check: $(cat out)"
for n in $(seq 0 $((acknowledged - 1))); do
  "$TUSK" -r "$direct" ls -R "latest~$n" >/dev/null || fail "snapshot $n cannot be listed"
done
