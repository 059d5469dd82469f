#!/usr/bin/env bash
# Links of one file share an inode number within a snapshot and never across two (checklist 2, 3).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir -p source/a/b/b source/c
echo first >source/a/file
ln source/a/file source/c/other
echo x >source/a/b/b/x
ln source/a/b/b/x source/a/b/x
make_repository
backup_of "$dir/source"
echo second >source/a/file
backup_of "$dir/source"
mount_here

mapfile -t snapshots < <(find "$mnt/snapshots" -mindepth 1 -maxdepth 1 -type d | sort)
expect_equal "${#snapshots[@]}" 2 "number of snapshots"
inode() { stat -c %i "$1$dir/source/$2"; }
for snapshot in "${snapshots[@]}"; do
  expect_equal "$(inode "$snapshot" a/file)" "$(inode "$snapshot" c/other)" "inode numbers of two links"
  expect_equal "$(stat -c %h "$snapshot$dir/source/a/file")" 2 "link count"
done
[ "$(inode "${snapshots[0]}" a/file)" != "$(inode "${snapshots[1]}" a/file)" ] || fail "two versions share an inode number"

# Copying both in one go must not join two versions.
mkdir cp rsync tar
cp -a "${snapshots[@]}" cp
tar -C "$mnt/snapshots" -cf - --exclude=latest . | tar -C tar -xf -
copies=(cp tar)
if command -v rsync >/dev/null; then
  rsync -aH "${snapshots[@]}" rsync
  copies+=(rsync)
fi
for copy in "${copies[@]}"; do
  expect_equal "$(cat "$copy/${snapshots[0]##*/}$dir/source/c/other")" first "$copy: the older version"
  expect_equal "$(cat "$copy/${snapshots[1]##*/}$dir/source/c/other")" second "$copy: the newer version"
  expect_equal "$(stat -c %h "$copy/${snapshots[0]##*/}$dir/source/a/file")" 2 "$copy: link count"
done

# Otherwise every entry of the whole mount has a number of its own, so nobody sees a loop.
find "$mnt" -printf '%n %y %i %p\n' 2>errors >list
[ ! -s errors ] || { cat errors; fail "find complains"; }
awk '$2 == "d" || $1 == 1 { print $3 }' list | sort | uniq -d >double
[ ! -s double ] || fail "inode numbers that occur twice: $(head -3 double)"
# Listings say the same numbers as stat.
diff <(cd "${snapshots[0]}$dir/source" && ls -iaU a | sort -k2 | grep -v ' \.\.*$') \
  <(cd "${snapshots[0]}$dir/source" && for f in a/*; do stat -c '%i %n' "$f"; done | sed 's# a/# #' | sort -k2) ||
  fail "readdir and stat disagree"
# ... and the same ones after another mount.
before=$(find "$mnt" -printf '%i %P\n' | sort)
unmount_here
mount_here
expect_equal "$(find "$mnt" -printf '%i %P\n' | sort | md5sum)" "$(md5sum <<<"$before")" "inode numbers of the second mount"
