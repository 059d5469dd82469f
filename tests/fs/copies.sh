#!/usr/bin/env bash
# What cp -a, rsync and tar take out of the mount is what was backed up.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

python3 "$tests/lib/torture.py" source --entries 2000 --folder 500 2>/dev/null
make_repository
backup_of "$dir/source"
mount_here
copy=$(latest)$dir/source
python3 "$tests/lib/compare.py" source "$copy" --holes exact || fail "the mount differs from the source"
cp -a --sparse=always "$copy" copied
python3 "$tests/lib/compare.py" source copied --holes kept || fail "cp -a differs from the source"
if command -v rsync >/dev/null && [ "$(id -u)" = 0 ]; then
  mkdir synced
  rsync -aHAXS "$copy/" synced/
  python3 "$tests/lib/compare.py" source synced --holes ignore || fail "rsync differs from the source"
  expect_equal "$(rsync -aHAXSni --delete "$copy/" source/)" "" "what rsync would change"
fi
