#!/usr/bin/env bash
# Small file systems that fill up: exit 13 with words that say so, everything acknowledged intact, check passes with 0 bytes free, and prune makes room again.
# CI: 4 sizes; TUSK_TEST_FULL=1: 16. TUSK_SIZE=KIB: that size only.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
need_root
mkdir "$dir/small"
mount -t tmpfs -o size=64k tmpfs "$dir/small" 2>/dev/null || skip "tmpfs cannot be mounted here"
umount "$dir/small"
write_key "$work/key" 5a
export TUSK_KEY_FILE=$work/key
can_prune=''
"$TUSK" help prune >/dev/null 2>&1 && "$TUSK" help forget >/dev/null 2>&1 && can_prune=1

# full_message: the last command said that something is full.
full_message() { grep -qiE 'full|no space' "$dir/err" || fail "size $size: exit 13 without saying why: $(cat "$dir/err")"; }
run() { status=0; "$TUSK" "$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?; }
judge() { "$bin/harness_judge" repository "$root" - --key "$work/key" "${acknowledged[@]}" || fail "size $size KiB (TUSK_SIZE=$size): $1"; }
grow() { # NUMBER KIB: more of the source
  python3 -c 'import random, sys; open(sys.argv[3], "wb").write(random.Random(f"{sys.argv[1]} {sys.argv[4]}").randbytes(int(sys.argv[2]) << 10))' \
    "$1" "$2" "$work/src/f$1" "$seed"
}
# Whatever is free is taken.
fill() { head -c 1G /dev/zero >"$dir/small/fill" 2>/dev/null || true; }

prune_makes_room() {
  local first=${acknowledged[0]}
  run forget --nearly-all "$first"
  [ $status = 0 ] || fail "size $size: forget: exit $status: $(cat "$dir/err")"
  acknowledged=("${acknowledged[@]:1}")
  fill
  run prune
  [ $status = 0 ] || fail "size $size: prune: exit $status: $(cat "$dir/err")"
  judge "after prune"
}

try_size() {
  size=$1 acknowledged=()
  local number=0
  root=$work/full-$size
  rm -rf "$work/src"
  mkdir -p "$work/src" "$root"
  mount -t tmpfs -o "size=${size}k" tmpfs "$dir/small"
  mkdir "$dir/small/repo" && ln -sfn "$dir/small/repo" "$root/repo"
  # half of the sizes have the client's state on the full disk as well
  if [ $((size % 2)) = 1 ]; then mkdir "$dir/small/state" && ln -sfn "$dir/small/state" "$root/state"; else mkdir "$root/state"; fi
  export XDG_STATE_HOME=$root/state TUSK_REPOSITORY=$root/repo
  run init --encryption aes256-gcm --chunk-size 16K
  if [ $status != 0 ]; then
    [ $status = 13 ] || fail "size $size: init: exit $status: $(cat "$dir/err")"
    full_message
    [ ! -e "$dir/small/repo/tusk.repository" ] || fail "size $size: half of a repository was left"
  fi
  while [ $status = 0 ]; do
    number=$((number + 1))
    grow $number $((size / 7 + 1))
    run backup --json "$work/src"
    [ $status != 0 ] || acknowledged+=("$(python3 -c 'import json, sys; print([json.loads(l) for l in sys.stdin][-1]["snapshot"])' <"$dir/out")")
  done
  [ $status = 13 ] || fail "size $size: backup: exit $status: $(cat "$dir/err")"
  full_message
  [ -z "$(find "$dir/small/repo/tmp" -type f 2>/dev/null)" ] || fail "size $size: something was left in tmp/"
  fill
  if [ ${#acknowledged[@]} -gt 0 ]; then
    judge "after the disk was full"
    run check --data
    [ $status = 0 ] || fail "size $size: check with 0 bytes free: exit $status: $(cat "$dir/out" "$dir/err")"
    [ -z "$can_prune" ] || prune_makes_room
  fi
  printf '%8s KiB: %s snapshots fitted\n' "$size" "${#acknowledged[@]}"
  umount "$dir/small"
}

sizes=${TUSK_SIZE:-$(python3 -c 'import random, sys; r = random.Random(sys.argv[1]); print(*(int(2 ** (6 + 9 * (i + r.random()) / int(sys.argv[2]))) for i in range(int(sys.argv[2]))))' "$seed" "${TUSK_SIZES:-$(share 4 16 2)}")}
for one in $sizes; do try_size "$one"; done
[ -n "$can_prune" ] || echo "note: there is no prune in this build"
