#!/usr/bin/env bash
# Keeps the tests honest: in a build with -DTUSK_SABOTAGE=ON (tusk/sabotage.h) each safety step is left out in turn, and the test that is there for it has to
# fail; with all steps in place it has to pass. Arguments: steps (default: all). Needs such a build in TUSK_BUILD: scripts/torment sabotage makes it.
set -euo pipefail
: "${TUSK_BUILD:?names the build folder}"
here=$(cd "$(dirname "$0")" && pwd)
grep >/dev/null '^TUSK_SABOTAGE:BOOL=ON' "$TUSK_BUILD/CMakeCache.txt" || { echo "SKIP: $TUSK_BUILD was not configured with -DTUSK_SABOTAGE=ON"; exit 77; }
unset TUSK_TEST_FULL TUSK_TEST_LIGHT TUSK_CASE TUSK_STATE
export TUSK_SEED=${TUSK_SEED:-1}

# STEP, then what must notice: a script here with its arguments, or "ctest" and a pattern.
steps() {
  cat <<'STEPS'
pack_fsync            crash.sh first
pack_folder_fsync     crash.sh first
toc_fsync             crash.sh first
toc_folder_fsync      crash.sh incremental
snapshot_fsync        crash.sh incremental
snapshot_folder_fsync crash.sh incremental
key_fsync             crash.sh keys
key_folder_fsync      crash.sh keys
snapshot_before_packs crash.sh first
no_temporary          crash.sh incremental
write_errors          faults.sh
sync_errors           ctest unit/fileio
listing_errors        ctest unit/node|unit/repository|unit/ingest
partial_exit          ctest cli/errors|cli/backup
aead_tag              damage.sh
index_tag             ctest unit/index_damage
index_probe           ctest unit/index_damage
index_guard           ctest unit/index_damage
index_order           ctest unit/index_damage
commit_check          ctest model/prune_sim_2130
rescue                ctest model/prune_sim$
epoch                 ctest model/prune_sim$
stuck_nonce           ctest unit/crypto
no_aad                ctest unit/crypto|unit/pack
key_commitment        ctest unit/crypto
kdf_bounds            ctest unit/keyslot
no_ctime              ctest unit/ingest
stale_index           ctest unit/ingest
restore_follows       ctest cli/restore
restore_follows       ../hostile/race.sh
snapshot_fsync        blocks.sh first incremental
default_permissions   ctest fs/permissions
STEPS
}

# notices STEP COMMAND...: runs it with that step left out ("none": with all).
notices() {
  local step=$1
  shift
  if [ "$1" = ctest ]; then
    TUSK_SABOTAGE=$step ctest --test-dir "$TUSK_BUILD" --no-tests=error --timeout 300 -R "^($2)" >"$log" 2>&1
  else
    TUSK_SABOTAGE=$step "$here/$1" "${@:2}" >"$log" 2>&1
  fi
}
# missed STEP COMMAND...: whether nothing is noticed. A race may be won by chance, so it is run up to 20 times.
missed() {
  local first=$TUSK_SEED tries=1 status=0
  [[ $2 != */race.sh ]] || tries=20
  for ((TUSK_SEED = first; TUSK_SEED < first + tries; TUSK_SEED++)); do notices "$@" || status=1; [ $status = 0 ] || break; done
  TUSK_SEED=$first
  return $status
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
caught=0 missed='' passed=''
while read -r step command; do
  [ $# = 0 ] || [[ " $* " == *" $step "* ]] || continue
  read -ra words <<<"$command"
  if [[ $passed != *"<$command>"* ]]; then
    notices none "${words[@]}" || { cat "$log"; echo "FAIL: $command fails with all steps in place"; exit 1; }
    passed+="<$command>"
  fi
  if missed "$step" "${words[@]}"; then
    missed+=" $step"
    printf 'MISSED  %-22s %s\n' "$step" "$command"
  else
    caught=$((caught + 1))
    printf 'caught  %-22s %s: %s\n' "$step" "$command" "$(grep -m1 -E 'FAIL|state [0-9]+:|\*\*\*|Failed' "$log" | cut -c1-110 || true)"
  fi
done < <(steps)
printf 'sabotage: %d caught, missed:%s\n' "$caught" "${missed:- none}"
[ -z "$missed" ]
