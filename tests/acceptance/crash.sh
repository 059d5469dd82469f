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
write_key "$work/key" 5a
make_tree "$work/src" one

recorded() { LD_PRELOAD=$bin/libharness_record.so TUSK_RECORD_LOG=$root.log TUSK_RECORD_ROOT=$root "$@"; }
mark() { "$bin/harness_mark" "$root.log" "$*" || fail "mark"; }
tusk() { recorded "$TUSK" --quiet "$@" >/dev/null || fail "tusk $*"; }
take_digests() {
  # of a copy: to look is to change the client's state
  cp -a "$root" "$root.copy"
  "$bin/harness_judge" digests "$root.copy" "$TUSK_KEY_FILE" >>"$root.table" || fail "digests"
  sort -u -o "$root.table" "$root.table"
  rm -rf "$root.copy"
}

# backup FOLDER: recorded, and acknowledged in the log.
backup() {
  local id
  id=$(TUSK=recorded_tusk snapshot_of "$1") || fail "backup"
  [ ${#id} = 64 ] || fail "no snapshot: $id"
  mark "snapshot $id"
  last_id=$id
}
recorded_tusk() { recorded "$TUSK_BUILD/tools/tusk" "$@"; }

# begin NAME: an empty root with a repository whose making is in the log.
begin() {
  root=$work/$1
  mkdir "$root"
  : >"$root.log"
  : >"$root.table"
  export XDG_STATE_HOME=$root/state TUSK_REPOSITORY=$root/repo
}
begin_with_repository() {
  begin "$1"
  tusk init --encryption aes256-gcm --chunk-size 16K
  mark "opens $work/key"
}

workload_init() {
  begin init
  mark begin
  tusk init --encryption aes256-gcm --chunk-size 16K
  mark "opens $work/key"
}
workload_first() {
  begin_with_repository first
  mark begin
  backup "$work/src"
}
workload_incremental() {
  begin_with_repository incremental
  make_tree "$work/changing" one
  backup "$work/changing"
  mark begin
  make_tree "$work/changing" two
  backup "$work/changing"
  rm -rf "$work/changing/d1"
  backup "$work/changing"
}
workload_writers() {
  local pid
  begin_with_repository writers
  make_tree "$work/other" two
  mark begin
  backup "$work/src" &
  pid=$!
  backup "$work/other"
  wait "$pid" || fail "the other writer"
  backup "$work/src"
}
workload_keys() {
  begin_with_repository keys
  backup "$work/src"
  mark begin
  tusk key add --new-key-file "$work/key2"
  mark "also $work/key2"
  tusk --key-file "$work/key2" key list
  mark "or $work/key2"
  tusk --key-file "$work/key2" key remove "$(recorded "$TUSK" key list | awk '$1 == "*" { print $2 }')"
  mark "opens $work/key2"
  mark "also -"
  export TUSK_KEY_FILE=$work/key2
  backup "$work/src"
  mark "or $work/key3"
  tusk key passwd --new-key-file "$work/key3"
  mark "opens $work/key3"
  mark "or -"
  export TUSK_KEY_FILE=$work/key3
}
workload_index() {
  begin_with_repository index
  backup "$work/src"
  mark begin
  tusk repair index
  make_tree "$work/other" three
  backup "$work/other"
}

workload_prune() {
  begin_with_repository prune
  make_tree "$work/pruned" one
  backup "$work/pruned"
  local first=$last_id
  make_tree "$work/pruned" two
  backup "$work/pruned"
  take_digests
  mark begin
  mark "going $first"
  tusk forget "$first"
  tusk prune
  make_tree "$work/pruned" one
  backup "$work/pruned"
  tusk prune
  mark "snapshot $last_id"
}

# prove NAME: records it, shows that the record is complete, draws the states.
prove() {
  local name=$1 status=0
  export TUSK_KEY_FILE=$work/key
  "workload_$name"
  take_digests
  "$bin/harness_replay" "$root.log" "$root.table" "$work/state" "$(stat -c %i "$root")" 0 0 >/dev/null
  # what LMDB keeps for its locks is written through a map; the reserve is allocated, not written
  diff -r -x index.lmdb-lock -x reserve "$root" "$work/state" >"$dir/diff" || { cat "$dir/diff" >&2; fail "$name: the log does not end in what the workload left"; }
  printf '%-12s ' "$name"
  "$bin/harness_replay" "$root.log" "$root.table" "$work/state" "$(stat -c %i "$root")" "$states" "$seed" ${TUSK_STATE:+"$TUSK_STATE"} || status=1
  [ $status = 0 ] || echo "FAIL: $name"
  return $status
}

failed=0
names=("$@")
[ $# -gt 0 ] || names=(init first incremental writers keys index prune)
for name in "${names[@]}"; do prove "$name" || failed=1; done
exit $failed
