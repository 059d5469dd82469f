# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2317 # the variables and functions of crash.sh and blocks.sh
# What is cut off by power cuts: workload_NAME does it in a repository of its own below $roots. The script that sources this says how a command is recorded
# (recorded COMMAND...), how the log is begun (begin_log NAME) and how something is said in it (mark TEXT).
write_key "$work/key" 5a
make_tree "$work/src" one
all_workloads="init first incremental writers keys index prune"

tusk() { recorded "$TUSK" --quiet "$@" >/dev/null || fail "tusk $*"; }
take_digests() {
  # of a copy: to look is to change the client's state
  cp -a "$root" "$work/copy"
  "$bin/harness_judge" digests "$work/copy" "$TUSK_KEY_FILE" >>"$table" || fail "digests"
  sort -u -o "$table" "$table"
  rm -rf "$work/copy"
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
  root=$roots/$1
  mkdir "$root"
  table=$work/$1.table
  : >"$table"
  begin_log "$1"
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
