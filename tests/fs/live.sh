#!/usr/bin/env bash
# A mount follows the repository: new snapshots appear, forgotten ones go, latest is never stale (checklist 9, 21, 24).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
echo 1 >source/file
make_repository
backup_of "$dir/source"
mount_here
file=$mnt/latest$dir/source/file
expect_equal "$(cat "$file")" 1 "the first version"
ls "$mnt"/* "$mnt/hosts"/* >/dev/null
cd "$mnt/snapshots"

# until SECONDS CONDITION...: a bound for "within a second" that a loaded machine can keep.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
  done
}
shows() { [ "$(cat "$file")" = "$1" ]; }
lists() { [ "$(ls | wc -l)" = "$1" ]; }

for version in 2 3 4; do
  echo "$version" >"$dir/source/file"
  backup_of "$dir/source"
  within 5 shows "$version" || fail "latest still shows $(cat "$file") instead of $version"
  # also through a folder that is held open, where no name is looked up
  within 5 lists $((version + 1)) || fail "the folder of snapshots lists $(ls | wc -l) names"
done

# Nothing in the repository belongs to the mount: no lock that could expire or stop a backup.
expect_equal "$(find "$dir/repo/leases" -type f 2>/dev/null)" "" "leases"

# A name looked up in vain is not remembered above the snapshots.
expect_error 'No such file' stat "$mnt/tags/new"
backup_of --tag new "$dir/source"
within 5 test -d "$mnt/tags/new/latest/" || fail "a new tag does not appear"

# What is forgotten disappears; what is read meanwhile is not disturbed.
exec 7<"$file"
newest=$("$TUSK" snapshots --json | tail -1 | grep -o '"id":"[0-9a-f]*"' | sed -n 1p | cut -d'"' -f4)
name=$(readlink "$mnt/tags/new/latest")
rm "$dir/repo/snapshots/$newest"*
within 5 test ! -e "$mnt/snapshots/$name" || fail "a forgotten snapshot is still there"
within 5 test ! -e "$mnt/tags/new" || fail "the tag of a forgotten snapshot is still there"
expect_equal "$(cat "$file")" 4 "latest after the newest was forgotten"
expect_equal "$(cat <&7)" 4 "a file held open in a forgotten snapshot"
exec 7<&-
