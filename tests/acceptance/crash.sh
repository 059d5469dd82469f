#!/usr/bin/env bash
# Power cuts (tests/harness/DESIGN.md): workloads are recorded call by call; states that a crash may leave are drawn from the model, and the oracle
# looks at each. CI: a few hundred states; TUSK_TEST_FULL=1: 10,000. Arguments: workloads (default: all).
# TUSK_STATE=POSITION:SEED with one workload and the TUSK_SEED of the failure shows a single state.
# shellcheck disable=SC2317 # the workloads are called by name
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
[ -e "$bin/libharness_record.so" ] || skip "there is no recorder in this build"
states=${TUSK_STATES:-$(share 40 1500 8)}
roots=$work

begin_log() { : >"$root.log"; }
recorded() { LD_PRELOAD=$bin/libharness_record.so TUSK_RECORD_LOG=$root.log TUSK_RECORD_ROOT=$root "$@"; }
mark() { "$bin/harness_mark" "$root.log" "$*" || fail "mark"; }
# shellcheck source=tests/lib/workloads.sh
. "$tests/lib/workloads.sh"

# prove NAME: records it, shows that the record is complete, draws the states.
prove() {
  local name=$1 status=0
  export TUSK_KEY_FILE=$work/key
  "workload_$name"
  take_digests
  "$bin/harness_replay" "$root.log" "$table" "$work/state" "$(stat -c %i "$root")" 0 0 >/dev/null
  # what LMDB keeps for its locks is written through a map; the reserve is allocated, not written
  diff -r -x index.lmdb-lock -x reserve "$root" "$work/state" >"$dir/diff" || { cat "$dir/diff" >&2; fail "$name: the log does not end in what the workload left"; }
  printf '%-12s ' "$name"
  "$bin/harness_replay" "$root.log" "$table" "$work/state" "$(stat -c %i "$root")" "$states" "$seed" ${TUSK_STATE:+"$TUSK_STATE"} || status=1
  [ $status = 0 ] || echo "FAIL: $name"
  return $status
}

failed=0
read -ra names <<<"${*:-$all_workloads}"
for name in "${names[@]}"; do prove "$name" || failed=1; done
exit $failed
