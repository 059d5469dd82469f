#!/usr/bin/env bash
# Damage of every kind to a small repository (tests/harness/damage.c): found by check --data, and no wrong byte comes out. Then the same by the programs: cat,
# restore and the mount of a damaged repository, and 1,000 damages of the client's index (damage.py). CI: a share; TUSK_TEST_FULL=1: every byte.
# TUSK_CASE=NUMBER: only that case. TUSK_DAMAGE=damage: only the first half; index: only the second.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
write_key "$work/key" 5a
write_key "$work/key2" 5b
root=$work/root
mkdir -p "$root" "$work/src/sub"
export XDG_STATE_HOME=$root/state TUSK_REPOSITORY=$root/repo TUSK_KEY_FILE=$work/key
python3 - "$work/src" <<'PY'
import random, sys
r = random.Random(1)
for name, size in (("tiny", 90), ("small", 700), ("sub/text", 3000), ("sub/large", 16000)):
    open(f"{sys.argv[1]}/{name}", "wb").write(r.randbytes(size))
PY
ln -s small "$work/src/link"
"$TUSK" init --encryption aes256-gcm --chunk-size 16K >/dev/null
"$TUSK" key add --new-key-file "$work/key2" >/dev/null
"$TUSK" backup --quiet "$work/src" >/dev/null
echo more >>"$work/src/sub/text"
"$TUSK" backup --quiet "$work/src" >/dev/null
# Of every kind of note one: tags, what was forgotten, epoch and condemned packs, a ledger, the lease of a dead writer.
echo gone >"$work/src/passing" && "$TUSK" backup --quiet "$work/src" >/dev/null && rm "$work/src/passing"
"$TUSK" backup --quiet "$work/src" >/dev/null
"$TUSK" tag latest --add kept >/dev/null
"$TUSK" forget --quiet latest~1 >/dev/null
"$TUSK" prune --quiet >/dev/null
"$TUSK" check --data --quiet >/dev/null
{ LD_PRELOAD=$bin/libharness_fault.so TUSK_FAULT=change:30:kill "$TUSK" backup --quiet "$work/src" || true; } >/dev/null 2>&1
for kind in marks forgotten ledger leases; do [ -n "$(ls "$root/repo/$kind")" ] || fail "there is nothing in $kind"; done
for name in epoch condemned; do [ -e "$root/repo/$name" ] || fail "no prune has been here"; done
failed=0
if [ "${TUSK_DAMAGE:-damage}" = damage ]; then
  "$bin/harness_damage" "$root" "$work/key" "${TUSK_STATES:-$(share 600 0 350)}" "$seed" ${TUSK_CASE:+"$TUSK_CASE"} || failed=1
fi
[ "${TUSK_DAMAGE:-index}" = index ] || exit $failed
[ "${TUSK_DAMAGE:-}" = index ] || unset TUSK_CASE
prepare_faults
if why=$(need_fuse; need_root); then export TUSKFS; else echo "no mounts: $why" && export TUSKFS=''; fi
for mode in index repository; do
  rm -rf "$WORK/base" "$WORK/clean"
  python3 "$tests/harness/damage.py" "$mode" "${TUSK_STATES:-$(share 30 1000 8)}" "$seed" || failed=1
done
exit $failed
