#!/usr/bin/env bash
# The virtual folders: names, links, hostile hosts and tags, two snapshots in one second (checklist 17, 18, 22).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
echo one >source/Case
echo two >source/case
printf nfc >"source/$(printf '\303\251')"
printf nfd >"source/$(printf 'e\314\201')"
printf bytes >"source/$(printf '\377\376')"
make_repository
"$TUSK" backup -q --time 2026-01-02T03:04:05Z --host vm --tag nightly "$dir/source" >/dev/null
"$TUSK" backup -q --time 2026-01-02T03:04:05Z --host 'a/../b' --tag .. --tag x/y "$dir/source" >/dev/null
"$TUSK" backup -q --time 2026-01-03T03:04:05Z --host .. --tag nightly "$dir/source" >/dev/null
mount_here

expect_equal "$(ls "$mnt")" "$(printf '%s\n' README.txt at hosts ids latest shadow snapshots sources sums tags versions)" "the root"
expect_equal "$(ls "$mnt/snapshots")" \
  "$(printf '%s\n' 2026-01-02T03-04-05Z 2026-01-02T03-04-05Z-2 2026-01-03T03-04-05Z latest)" "snapshots"
expect_equal "$(ls "$mnt/hosts")" "$(printf '%s\n' __ a_.._b vm)" "hosts"
expect_equal "$(ls "$mnt/tags")" "$(printf '%s\n' __ nightly x_y)" "tags"
# which of the two of one second has the suffix depends on their ids
expect_equal "$(ls "$mnt/tags/nightly" | sed 's/Z-2$/Z/')" "$(printf '%s\n' 2026-01-02T03-04-05Z 2026-01-03T03-04-05Z latest)" "a tag"
expect_equal "$(ls "$mnt/ids" | wc -l)" 3 "number of ids"
for link in latest snapshots/latest hosts/__/latest tags/nightly/latest; do
  expect_equal "$(realpath "$mnt/$link")" "$mnt/snapshots/2026-01-03T03-04-05Z" "$link"
done
for id in "$mnt"/ids/*; do
  expect_equal "$(cat "$id$dir/source/Case")" one "a file by way of its id"
  cp -r "$id/" "copy-${id##*/}"
  expect_equal "$(cat "copy-${id##*/}$dir/source/case")" two "a copy by way of an id"
done
expect_equal "$(find "$mnt" -lname '/*' -print)" "" "absolute links among the views"
expect_equal "$(stat -c %Y "$mnt/snapshots/2026-01-03T03-04-05Z")" "$(date -d 2026-01-03T03:04:05Z +%s)" "time of a snapshot"
[ "$(wc -l <"$mnt/README.txt")" -ge 10 ] || fail "README.txt is short"
expect_equal "$(wc -c <"$mnt/README.txt")" "$(stat -c %s "$mnt/README.txt")" "size of README.txt"

# Names are bytes.
copy=$mnt/latest$dir/source
expect_equal "$(cat "$copy/$(printf '\303\251')")" nfc "the composed name"
expect_equal "$(cat "$copy/$(printf 'e\314\201')")" nfd "the decomposed name"
expect_equal "$(cat "$copy/$(printf '\377\376')")" bytes "the name that is no UTF-8"
expect_equal "$(ls "$copy" | wc -l)" 5 "number of names"
for name in snapshots/2026-01-02T03-04-05z nothing latest/nothing hosts/vm/nothing "latest$dir/source/CASE"; do
  expect_error 'No such file' stat "$mnt/$name"
done
expect_error 'Not a directory' ls "$copy/Case/x"
