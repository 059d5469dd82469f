#!/usr/bin/env bash
# Restores into a tree whose folders and FIFOs another process keeps exchanging for symlinks (swapper.c): nothing outside is written, made, removed, or changed
# in mode, owner or time. CI: 6,000 entries; TUSK_TEST_FULL=1: 300,000; TUSK_TRIES=N. As root (with rights to spoil anything) and as nobody in turn.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
need_root
tries=${TUSK_TRIES:-$(share 6000 300000 2000)}
target=$work/target links=$work/links outside=$work/outside
mkdir "$work/src" "$target" "$links" "$outside"
# Every file changes from one snapshot to the next, so that each restore writes all of them.
for salt in one two; do
  python3 - "$work/src" "$salt" <<'PY'
import os, sys
top, salt = sys.argv[1:]
for d in range(20):
    for folder in [f"{top}/d{d}"] + ([f"{top}/d0/sub"] if d == 0 else []):
        os.makedirs(folder, exist_ok=True)
        for i in range(40):
            with open(f"{folder}/f{i}", "w", encoding="ascii") as file:
                file.write(f"{salt} {i}")
for i in range(8):
    if not os.path.exists(f"{top}/d0/p{i}"):
        os.mkfifo(f"{top}/d0/p{i}", 0o622)
PY
  [ $salt != one ] || make_repository
  "$TUSK" backup -q "$work/src" >/dev/null 2>&1
done
older=$("$TUSK" snapshots --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["id"])')
entries=$((21 * 40 + 21 + 8))
for name in file f0 f1; do echo precious >"$outside/$name"; done
chmod 640 "$outside"/* && chmod 751 "$outside"
# Whoever restores as nobody reads all of it.
chmod 755 "$dir" "$work" && chmod -R a+rX "$TUSK_REPOSITORY" && chmod 644 "$TUSK_KEY_FILE"
mkdir -m 777 "$dir/states"

# All that an escape would change; a change back shows in the time of the change.
portrait() { find "$outside" -printf '%P %y %m %U %G %s %T@ %C@\n' | sort; }
# restore_as USER SNAPSHOT [OPTION...]
restore_as() {
  local user=$1 status=0
  shift
  XDG_STATE_HOME=$dir/states/$user timeout 120 setpriv --reuid "$user" --regid "$user" --clear-groups \
    "$TUSK" restore --quiet --no-mount "${@:2}" "$1:$work/src" "$target" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
  case $status in 0 | 1 | 3 | 4) ;; *) cat "$dir/err" >&2; fail "restore: exit $status" ;; esac
}

swapper=''
# shellcheck disable=SC2317 # called by the trap
stop() {
  local status=$?
  set +e
  [ -z "$swapper" ] || { kill "$swapper" && wait "$swapper"; } 2>/dev/null
  (exit $status)
  leave
}
trap stop EXIT
swaps() { od -An -tu8 "$work/counter" | tr -d ' '; }
done_tries=0 total=0 round=0
while [ $done_tries -lt "$tries" ]; do
  user=0 lock=''
  [ $((round % 2)) = 0 ] || user=65534 lock=lock
  rm -rf "$target" "$links" && mkdir "$target" "$links"
  chown -R $user "$outside" "$target"
  restore_as $user latest
  before=$(portrait)
  "$TUSK_BUILD/tests/swapper" "$target" "$links" "$outside" "$work/counter" $lock &
  swapper=$!
  for turn in 1 2 3 4 5 6; do
    case $turn in 3) options=(--delete) ;; *) options=() ;; esac
    restore_as $user "$(if [ $((turn % 2)) = 0 ]; then echo latest; else echo "$older"; fi)" "${options[@]}"
    [ "$before" = "$(portrait)" ] || { diff <(echo "$before") <(portrait) >&2 || true; fail "round $round, turn $turn, user $user: an ESCAPE"; }
    done_tries=$((done_tries + entries))
  done
  kill $swapper
  wait $swapper 2>/dev/null || true
  swapper=''
  total=$((total + $(swaps)))
  round=$((round + 1))
done
[ "$total" -gt "$tries" ] || fail "only $total exchanges in $done_tries tries"
printf '%d entries restored under %d exchanges, 0 escapes\n' "$done_tries" "$total"
