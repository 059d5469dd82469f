# shellcheck shell=bash
# shellcheck disable=SC2034,SC2317 # variables and functions are for the tests that source this file
# For the tests that break things: source common.sh first. Work is done in $work, on tmpfs where there is one.
work=$(mktemp -d "/dev/shm/tusk-harness.XXXXXX" 2>/dev/null) || work=${dir:?common.sh comes first}/work
mkdir -p "$work"
bin=$TUSK_BUILD/tests
seed=${TUSK_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
printf 'seed %s (TUSK_SEED=%s repeats it)\n' "$seed" "$seed"
leave() {
  local status=$?
  rm -rf "$work"
  set +e
  (exit $status)
  cleanup
}
trap leave EXIT

export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"

# share CI FULL LIGHT: how much of something.
share() {
  if [ -n "${TUSK_TEST_FULL:-}" ]; then echo "$2"; elif [ -n "${TUSK_TEST_LIGHT:-}" ]; then echo "$3"; else echo "$1"; fi
}

# write_key FILE BYTE: a key file that is the same in every run.
write_key() { printf "$2%.0s" {1..32} >"$1" && echo >>"$1" && chmod 600 "$1"; }

# make_tree FOLDER SALT: some dozens of entries of every kind that matters; half of them the same whatever the salt.
make_tree() {
  python3 - "$1" "$2" <<'PY'
import os, random, sys
top, salt = sys.argv[1], sys.argv[2]
def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f: f.write(data)
for i in range(24):
    r = random.Random(f"{i}" if i % 2 else f"{i} {salt}")
    size = (0, 10, 200, 300, 4000, 30000)[i % 6]
    write(f"{top}/d{i % 5}/f{i}", r.randbytes(size // 2) + bytes(str(i), "ascii") * (size // 4))
os.makedirs(f"{top}/empty", exist_ok=True)
for name, target in (("link", "d0/f0"), ("dangling", "nowhere")):
    if not os.path.lexists(f"{top}/{name}"): os.symlink(target, f"{top}/{name}")
with open(f"{top}/sparse", "wb") as f:
    f.truncate(1 << 20); f.seek(300000); f.write(b"x" * 5000 + bytes(salt, "ascii"))
PY
}

# snapshot_of FOLDER [ARGS...]: backs up, prints the full id.
snapshot_of() {
  "$TUSK" backup --json "$@" 2>"$dir/backup.err" | python3 -c '
import json, sys
for line in sys.stdin:
    o = json.loads(line)
    if o.get("type") == "summary": print(o["snapshot"])'
}

# What faults.py needs.
prepare_faults() {
  export WORK=$work/faults BIN=$bin SANITIZED=${TUSK_SANITIZED:-}
  rm -rf "$WORK"
  mkdir "$WORK"
  write_key "$WORK/key" 5a
  make_tree "$WORK/src" one
  make_tree "$WORK/changed" two
}
