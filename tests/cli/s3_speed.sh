#!/usr/bin/env bash
# A service 40 ms away: the first and an unchanged backup of a 1 GiB image, and the same by restic to the same service in the same run. Twice as fast
# at least. Only with TUSK_TEST_FULL=1, on a machine that does nothing else.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/faults.sh
. "$tests/lib/faults.sh"
[ "${TUSK_TEST_FULL:-}" = 1 ] || skip "a comparison of speed: only with TUSK_TEST_FULL=1"
command -v restic >/dev/null || skip "restic is not installed: nothing to compare with"
need_ceph
start_ceph one
start_faults "$ceph_port"
faults 'delay 20'
mkdir src
# What is on this machine: program code, texts, archives.
find /usr -xdev -type f -print0 | sort -z | xargs -0 cat 2>/dev/null | head -c 1G >src/image || true
[ "$(stat -c %s src/image)" = 1073741824 ] || fail "there is not a GiB below /usr"
export TUSK_REPOSITORY=s3+http://127.0.0.1:$faults_port/tusk/p TUSK_KEY_FILE=$dir/key
export RESTIC_REPOSITORY=s3:http://127.0.0.1:$faults_port/restic RESTIC_PASSWORD=x RESTIC_CACHE_DIR=$dir/cache
"$TUSK" init >/dev/null
restic init >/dev/null

# seconds COMMAND...: how long it takes; $took.
seconds() {
  local begin=$EPOCHREALTIME
  "$@" >/dev/null 2>err || fail "$*: $(cat err)"
  took=$(python3 -c "print(f'{$EPOCHREALTIME - $begin:.2f}')")
}
# compare NAME: both back up.
compare() {
  local ours theirs
  seconds restic backup -q src
  theirs=$took
  seconds "$TUSK" backup --quiet src
  ours=$took
  python3 -c "print(f'$1: tusk $ours s, restic $theirs s: {$theirs / $ours:.1f} times as fast')"
  python3 -c "exit($theirs < 2 * $ours)" || fail "$1 is not twice as fast"
}
compare "first backup"
compare "unchanged backup"
