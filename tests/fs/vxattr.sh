#!/usr/bin/env bash
# The driver's own attributes: right, not listed, not copied; listed when asked for; off where a mount is faster without.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse
command -v getfattr >/dev/null || skip "getfattr is not installed"

mkdir -p s/folder
echo A >s/file && ln -s file s/link && printf '' >s/empty
make_repository
for day in 1 2 3; do
  [ "$day" != 2 ] || echo B >s/file
  [ "$day" != 3 ] || chmod 600 s/file
  "$TUSK" backup -q --source "name $day" --time "2026-01-0${day}T00:00:00Z" "$dir/s" >/dev/null
done
id() { "$TUSK" snapshots --json | sed -nE "$1s/.*\"id\":\"([0-9a-f]{64})\".*/\\1/p"; }
attribute() { getfattr --only-values --absolute-names -n "user.tusk.$1" "$2"; }
mount_here
one=$mnt/snapshots/2026-01-01T00-00-00Z$dir/s three=$mnt/snapshots/2026-01-03T00-00-00Z$dir/s
expect_equal "$(attribute sha256 "$one/file")" "$(echo A | sha256sum | cut -c1-64)" "the hash"
expect_equal "$(attribute sha256 "$one/empty")" "$(sha256sum </dev/null | cut -c1-64)" "the hash of nothing"
expect_equal "$(attribute snapshot "$three/folder")" "$(id 3)" "the snapshot"
expect_equal "$(attribute time "$one/file" | cut -c1-19)" 2026-01-01T00:00:00 "the time"
expect_equal "$(attribute source "$three")" "name 3" "the source"
expect_equal "$(attribute first-seen "$one/file" | cut -c1-10)" 2026-01-01 "first seen, the first content"
expect_equal "$(attribute first-seen "$three/file" | cut -c1-10)" 2026-01-02 "first seen, the second content"
expect_equal "$(attribute first-seen "$three/empty" | cut -c1-10)" 2026-01-01 "first seen, what never changed"
for name in sha256 nonsense; do expect_error 'No such attribute' attribute $name "$one/folder"; done
expect_error 'No such attribute' attribute time "$mnt/snapshots"

# Nothing is listed, and a copy has none.
expect_equal "$(getfattr -R -d -m - --absolute-names "$one" 2>&1 | grep -v 'not supported')" "" "attributes that are listed"
cp -a "$one" copy
expect_equal "$(getfattr -R -d -m - --absolute-names copy)" "" "attributes of a copy"

# Where there are no attributes the kernel is told to ask no more; not with xattrs=hidden.
unmount_here && mount_here -o snapshot="$(id 2)",xattrs=hidden
for _ in $(seq 40); do attribute nothing "$mnt$dir/s/file" 2>/dev/null || true; getfattr -n user.other "$mnt$dir/s/empty" >/dev/null 2>&1 || true; done
expect_equal "$(attribute sha256 "$mnt$dir/s/file")" "$(echo B | sha256sum | cut -c1-64)" "the hash in a mount of one"
expect_equal "$(getfattr -d -m - --absolute-names "$mnt$dir/s/file")" "" "attributes that are listed in a mount of one"

# Listed: tools see them, and copies get them where the file system takes them.
unmount_here && mount_here -o xattrs=list
expect_equal "$(getfattr --absolute-names -m - "$one/file" | grep -c '^user.tusk.')" 5 "listed of a file"
expect_equal "$(getfattr --absolute-names -m - "$one/folder" | grep -c '^user.tusk.')" 4 "listed of a folder"
unmount_here && mount_here -o xattrs=none
expect_error 'not supported' attribute sha256 "$one/file"
unmount_here
expect_error 'not one of hidden, list, none' "$TUSKFS" "$dir/repo" "$mnt" -o xattrs=all
