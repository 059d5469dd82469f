#!/usr/bin/env bash
# Several nodes, of which one is down, comes back, dies in mid-transfer, is throttled, cut off, truncated or lied to: the exit status says what was
# reached, what a node was said to have it has, and sync completes the rest. First with a local node, which the others copy from; then without one,
# where packs wait in temporary files; then two machines at the same nodes. A real sshd, a real S3 service behind a proxy that breaks things. Every
# fault in both arrangements with TUSK_TEST_FULL=1.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/faults.sh
. "$tests/lib/faults.sh"
need_sshd
need_ceph
at_end() { trap 'status=$?; set +e; stop_sshd; (exit $status); end_faults' EXIT; }
start_ceph one
start_faults "$ceph_port"
start_sshd
at_end
service=s3+http://127.0.0.1:$ceph_port/bucket
proxied=s3+http://127.0.0.1:$faults_port/bucket
export TUSK_KEY_FILE=$dir/key TUSK_S3_PATIENCE=2 TUSK_S3_TIMEOUT=1
full=${TUSK_TEST_FULL:-0}
mkdir src

# Something new to store each time.
change() { head -c 600000 /dev/urandom >"src/new"; }
# on URL COMMAND...: that node alone, past the proxy, with nothing remembered.
on() {
  local url=$1
  shift
  XDG_STATE_HOME=$dir/other "$TUSK" -r "$url" --only "$url" "$@"
}
count_on() { on "$1" snapshots --json | grep -c '"type":"snapshot"' || true; }
# has NODE: whether it holds the newest snapshot; then with its data.
has() {
  [ "$(count_on "${direct[$1]}")" = "$total" ] || return 1
  [ "$full" != 1 ] || on "${direct[$1]}" check --data >"$dir/check.out" 2>&1 || fail "$1 is not whole: $(cat "$dir/check.out")"
  on "${direct[$1]}" cat "latest:$dir/src/new" | cmp - src/new || fail "$1 has something else"
}
# backs_up STATUS "NODE..." COMMAND-PREFIX...: the backup ends with that status; those nodes have the new snapshot, the others do not.
backs_up() {
  local status=$1 nodes=" $2 " node
  shift 2
  change
  expect_exit "$status" "$@" "$TUSK" backup --quiet src
  cp err backup.err
  [ "$nodes" = "  " ] || total=$((total + 1))
  for node in "${!direct[@]}"; do
    case $nodes in
      *" $node "*) has "$node" || fail "$node has not got it: $(cat backup.err)" ;;
      *) [ "$(count_on "${direct[$node]}")" -lt "$((total + (status == 14 && ${#nodes} == 2)))" ] || fail "$node has it" ;;
    esac
  done
}
# consistent NODE...: nothing there refers to what is not there.
consistent() {
  local node
  for node in "$@"; do on "${direct[$node]}" check >check.out 2>&1 || fail "$node: $(cat check.out)"; done
}
# syncs: all is well again, and everything goes everywhere.
syncs() {
  local node
  expect_exit 0 "$TUSK" sync
  for node in "${!direct[@]}"; do has "$node" || fail "$node lacks something after sync: $(cat out)"; done
}
packs() { find nas/packs -type f | wc -l; }
# while_sending COMMAND...: backs up something larger, and runs the command when the first of it has arrived on the host, slowly enough that more is to come; $got is its exit status.
while_sending() {
  local before
  before=$(packs)
  head -c 45000000 /dev/urandom >src/large
  change
  "$TUSK" --limit-upload 20M backup --quiet src >out 2>err &
  backup=$!
  until [ "$(packs)" -gt "$before" ]; do kill -0 $backup 2>/dev/null || break; done
  "$@"
  got=0
  wait $backup || got=$?
  rm src/large
}
safe_on() { grep -q "safe on $1, but not on $2\$" "${3:-backup.err}" || fail "$(cat "${3:-backup.err}")"; }

# The service fails in passing; then lastingly.
try_service() {
  local others=$1 said=${1// /, } fault
  faults 'PUT packs/ 1 status 503' 'PUT packs/ 1 rstup 300000' 'PUT toc/ 1 status 500' 'PUT snapshots/ 1 rstdown 40'
  backs_up 0 "$others one" env TUSK_S3_PATIENCE=20
  [ "$(faults_done status)" -ge 2 ] || fail "nothing happened"
  faults 'PUT packs/ 1 lie 200' 'PUT packs/ 1 endup 200000' 'PUT toc/ 1 flipup 9' 'PUT snapshots/ 1 lie 200'
  backs_up 0 "$others one" env TUSK_S3_PATIENCE=20
  [ "$(faults_done lie)" -ge 2 ] || fail "nothing happened"
  faults 'PUT packs/ -1 lie 200'
  backs_up 14 "$others"
  consistent one
  safe_on "$said" one
  expect_exit 14 "$TUSK" sync
  ! has one || fail "one has what the service only said it had"
  faults 'PUT snapshots/ -1 lie 200'
  expect_exit 14 "$TUSK" sync
  ! has one || fail "one has a snapshot that the service only said it had"
  if [ "$full" = 1 ]; then
    for fault in 'PUT snapshots/ -1 lie 200' 'PUT snapshots/ -1 status 503' 'PUT packs/ -1 status 503' 'PUT packs/ -1 hang' \
      'PUT packs/ -1 rstup 100000' 'PUT packs/ -1 endup 100000' 'PUT toc/ -1 flipup 9'; do
      faults
      syncs
      faults "$fault"
      backs_up 14 "$others"
      consistent one
    done
  fi
  faults
  syncs
}

# What stands behind the nodes dies.
sshd_dies() {
  local rest=${1/nas/} node
  rest=${rest%% }
  while_sending stop_sshd
  [ $got = 14 ] || fail "exit $got when sshd ended: $(cat err)"
  total=$((total + 1))
  grep -q 'but not on nas$' err || fail "$(cat err)"
  for node in $rest one; do has "$node" || fail "$node has not got what was sent while sshd ended"; done
  backs_up 14 "$rest one" env "TUSK_REPOSITORY=$2"
  start_sshd
  at_end
  syncs
}
gateway_dies() {
  local node
  while_sending ceph_signal "$ceph_dir" rgw KILL
  [ $got = 14 ] || fail "exit $got when the gateway ended: $(cat err)"
  grep -q 'but not on one$' err || fail "$(cat err)"
  total=$((total + 1))
  ceph_gateway "$ceph_dir"
  for node in $1; do has "$node" || fail "$node has not got what was sent while the gateway ended"; done
  syncs
}
store_stands_still() {
  local node
  ceph_signal "$ceph_dir" osd STOP
  change
  expect_exit 14 "$TUSK" backup --quiet src
  total=$((total + 1))
  ceph_signal "$ceph_dir" osd CONT
  for node in $1; do has "$node" || fail "$node has not got what was sent while the store stood still"; done
  syncs
}

# ---- with a local node ----

declare -A direct=([local]=$dir/repo [nas]=ssh://node$dir/nas [one]=$service/a)
export TUSK_REPOSITORY=$dir/repo
total=0
"$TUSK" init >/dev/null
"$TUSK" node add nas "ssh://node$dir/nas" --init >/dev/null
"$TUSK" node add one "$proxied/a" --init >/dev/null
backs_up 0 "local nas one"
sshd_dies "local nas" "$dir/repo"
if [ "$full" = 1 ]; then
  try_service "local nas"
  gateway_dies "local nas"
fi
store_stands_still "local nas"

# Both of the far ones; then the near one.
stop_sshd
faults '* * -1 status 503'
backs_up 14 local
start_sshd
at_end
faults
syncs
mv repo away
TUSK_REPOSITORY=ssh://node$dir/nas
unset "direct[local]"
backs_up 14 "nas one"
safe_on "nas, one" local
mv away repo
direct[local]=$dir/repo
TUSK_REPOSITORY=$dir/repo
syncs

# ---- without ----

[ -z "${TUSK_TEST_LIGHT:-}" ] || exit 0

declare -A direct=([nas]=ssh://node$dir/nas [one]=$service/b)
rm -rf nas other "$XDG_STATE_HOME"
TUSK_REPOSITORY=ssh://node$dir/nas
total=0
"$TUSK" init >/dev/null
"$TUSK" node add nas "ssh://node$dir/nas" >/dev/null
"$TUSK" node add one "$proxied/b" --init >/dev/null
backs_up 0 "nas one"
try_service nas
gateway_dies nas
if [ "$full" = 1 ]; then
  sshd_dies nas "$proxied/b"
  store_stands_still nas
fi

# Nobody takes it: nothing counts as stored.
if [ "$full" = 1 ]; then
  faults 'PUT packs/ -1 status 503'
  while_sending stop_sshd
  [ $got = 14 ] || fail "exit $got when nobody took it: $(cat err)"
  start_sshd
  at_end
  faults
  for node in "${!direct[@]}"; do
    [ "$(count_on "${direct[$node]}")" = "$total" ] || fail "$node has a snapshot that nobody took"
  done
  consistent nas one
  # What one of them got before is brought to the other first.
  backs_up 0 "nas one"
fi

# A service has no locks: while a prune works there no manifest comes, since it may be removing what that needs.
lines=$(wc -l <faults.log)
faults 'delay 100'
"$TUSK" -r "$proxied/b" --only one prune >prune.out 2>&1 &
prune=$!
until tail -n +$((lines + 1)) faults.log | grep >/dev/null 'PUT .*/leases/'; do kill -0 $prune || fail "$(cat prune.out)"; done
kill -STOP $prune
faults
backs_up 14 nas
grep -q 'a prune is at work there' backup.err || fail "$(cat backup.err)"
kill -CONT $prune
wait $prune || fail "$(cat prune.out)"
syncs

# ---- two machines at the same time ----

mkdir second
head -c 3000000 /dev/urandom | tee src/both >second/both
head -c 1000000 /dev/urandom >second/own
"$TUSK" backup --quiet --host first src >out 2>err &
first=$!
XDG_STATE_HOME=$dir/machine "$TUSK" backup --quiet --host second second >out2 2>err2 || fail "the second machine: $(cat err2)"
wait $first || fail "the first machine: $(cat err)"
total=$((total + 2))
XDG_STATE_HOME=$dir/machine expect_exit 0 "$TUSK" backup --json --host second src
total=$((total + 1))
stored=$(sed -n 's/.*"type":"summary".*"stored_bytes":\([0-9]*\).*/\1/p' out)
[ "${stored:-9999999}" -lt 100000 ] || fail "the second machine stored $stored bytes that the first had stored: $(cat out)"
for node in "${!direct[@]}"; do has "$node" || fail "$node lacks something of two machines"; done
expect_exit 0 "$TUSK" check --all --data
