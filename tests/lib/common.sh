# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the tests that source this file
# What every shell test starts with: programs, a folder of its own, assertions. TUSK_BUILD names the build folder.
# With pipefail, "COMMAND | grep -q" fails when grep leaves before COMMAND has written all: grep >/dev/null reads to the end.
set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${TUSK_BUILD:?names the build folder}"
TUSK=$TUSK_BUILD/tools/tusk
TUSKFS=$TUSK_BUILD/fs/tuskfs
PATH=$TUSK_BUILD/tools:$TUSK_BUILD/fs:$PATH
export TUSK TUSKFS PATH LC_ALL=C.UTF-8 TZ=UTC

dir=$(mktemp -d "${TMPDIR:-/tmp}/tusk-test.XXXXXX")
export XDG_STATE_HOME=$dir/state
unset TUSK_REPOSITORY TUSK_PASSWORD TUSK_PASSWORD_FILE TUSK_PASSWORD_COMMAND TUSK_KEY_FILE CREDENTIALS_DIRECTORY || true

# What a sanitizer finds in a driver in the background, too: nobody sees its stderr or its exit status.
reports=$dir.reports
mkdir -m 1777 "$reports"
for tool in ASAN LSAN UBSAN TSAN; do
  export "${tool}_OPTIONS=log_path=$reports/$tool"
done

cleanup() {
  local status=$? point pid drivers
  cd /
  drivers=$(pgrep -f "tuskfs.* $dir/" || true)
  # every mount below our folder, the deepest first
  awk -v d="$dir/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r point; do
    umount "$point" 2>/dev/null || fusermount3 -u "$point" 2>/dev/null || umount -l "$point" 2>/dev/null || fusermount3 -uz "$point" || true
  done
  chmod -R u+rwx "$dir" 2>/dev/null || true
  for pid in $drivers; do
    timeout 20 tail --pid="$pid" -f /dev/null || { echo "FAIL: the driver $pid does not end" >&2; status=1; }
  done
  # (A thread that ends while leaks are looked for is worth a line to LeakSanitizer, and no more.)
  if grep -rE >/dev/null 'ERROR: |WARNING: ThreadSanitizer|SUMMARY: |runtime error: ' "$reports"; then
    find "$reports" -type f -exec cat {} + >&2
    status=1
  fi
  rm -rf "$dir" "$reports"
  exit $status
}
trap cleanup EXIT
cd "$dir"

fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }
skip() { printf 'SKIP: %s\n' "$*"; exit 77; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need_fuse() {
  [ -e /dev/fuse ] || skip "/dev/fuse does not exist"
  { : <>/dev/fuse; } 2>/dev/null || skip "/dev/fuse cannot be opened"
}

# expect_exit CODE COMMAND...: runs it; its output is left in $dir/out and $dir/err.
expect_exit() {
  local code=$1 got=0
  shift
  "$@" >"$dir/out" 2>"$dir/err" </dev/null || got=$?
  [ "$got" = "$code" ] || { cat "$dir/out" "$dir/err" >&2; fail "exit $got instead of $code: $*"; }
}

# A repository at $dir/repo with a key file, and TUSK_REPOSITORY and TUSK_KEY_FILE set for it.
make_repository() {
  export TUSK_REPOSITORY=$dir/repo TUSK_KEY_FILE=$dir/key
  "$TUSK" init "$@" >/dev/null
}
