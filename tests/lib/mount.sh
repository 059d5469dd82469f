# shellcheck shell=bash
# For tests of the driver: source common.sh first. The mount is at $dir/mnt.
mnt=${dir:?common.sh comes first}/mnt
mkdir -p "$mnt"

# mount_here [TUSKFS ARGUMENTS...]: mounts $dir/repo on $mnt. The driver answers when this returns: nothing has to be waited for.
mount_here() {
  "$TUSKFS" "$dir/repo" "$mnt" "$@" || fail "tuskfs ended with $?"
}

# The process that serves $mnt.
driver() {
  pgrep -f "tuskfs $dir/repo $mnt" || fail "no driver is running"
}

# Waits until a process has ended with all its threads. (Its parent, who may be init, can be slow to notice.)
await_end() {
  local state threads
  while read -r _ _ state _ 2>/dev/null <"/proc/$1/stat"; do
    threads=("/proc/$1/task"/*)
    [ "$state" != Z ] || [ "${#threads[@]}" -gt 1 ] || break
    sleep 0.02
  done
}

# Unmounts, and waits until the driver has ended.
unmount_here() {
  local pid
  pid=$(driver)
  umount "$mnt" 2>/dev/null || fusermount3 -u "$mnt"
  await_end "$pid"
}

# How many system calls that read, and how many bytes, the driver has made so far: every request is one such call.
driver_reads() { awk '$1 == "syscr:" { print $2 }' "/proc/$(driver)/io"; }
driver_bytes() { awk '$1 == "rchar:" { print $2 }' "/proc/$(driver)/io"; }

# backup_of PATH... [-- is not needed]: one snapshot, quietly.
backup_of() { "$TUSK" backup --quiet "$@" >/dev/null; }

# The only (or newest) snapshot's folder in the mount.
latest() { printf '%s/%s' "$mnt/snapshots" "$(readlink "$mnt/snapshots/latest")"; }

expect_equal() { [ "$1" = "$2" ] || fail "${3:-values differ}: \"$1\" is not \"$2\""; }

# expect_error ERRNO COMMAND...: it fails with that error's text.
expect_error() {
  local text=$1
  shift
  if "$@" >"$dir/out" 2>"$dir/err"; then fail "succeeded: $*"; fi
  grep -q "$text" "$dir/err" || { cat "$dir/err" >&2; fail "no \"$text\": $*"; }
}
