#!/usr/bin/env bash
# At least 120 hostile snapshots: walked through the mount, restored as root and as an unprivileged user. No escape, no
# hang, bounded memory, clear errors.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_root
need_fuse
mkdir outside target
chmod 777 outside
made=
forget() {
  local status=$?
  set +e
  [ -z "$made" ] || rm -rf "$made"
  (exit $status)
  cleanup
}
trap forget EXIT
"$TUSK_BUILD/tests/hostile" "$dir/outside" >cases
made=$(sed -n 1p cases)
mv "$made/repository" repo
export TUSK_KEY_FILE=$dir/key TUSK_REPOSITORY=$dir/repo
mv "$made/key" key
# Whoever restores as nobody reads all of it.
chmod 755 "$dir" && chmod -R a+rX repo && chmod 644 key
mkdir -m 777 "$XDG_STATE_HOME"65534
mount -t tmpfs -o size=64m,nr_inodes=8000,mode=755 none target
mount_here -o ro
python3 "$tests/hostile/run.py" "$TUSK" "$mnt" cases "$dir/target" "$dir/outside"
# The driver is as it was.
[ "$(find "$mnt/ids" -mindepth 1 -maxdepth 1 | wc -l)" -ge 120 ] || fail "the mount does not show them any more"
umount target
