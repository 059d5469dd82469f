#!/usr/bin/env bash
# sums/<id>.sha256: a copy of the mount passes sha256sum -c, one with a changed byte fails and is named; size and content
# agree wherever one begins to read; names that need escapes; work only for who looks.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir -p source/a/b/c source/empty source/z "source/back\\slash" "source/new
line"
echo one >source/a/one
printf '' >source/a/nothing
ln source/a/one source/z/link
ln -s ../a/one source/z/symlink
mkfifo source/z/fifo
echo x >"source/a/b/$(printf 'new\nline')"
echo y >"source/back\\slash/$(printf 'carriage\rreturn')"
echo z >"source/new
line/$(printf '\377bytes')"
echo d >source/-
head -c 3000000 /dev/urandom >source/z/large
truncate -s 1M source/z/holes
for i in $(seq 1 2500); do echo "$i" >"source/a/b/c/a file with a name of some length $i"; done
make_repository
backup_of "$dir/source"
mount_here
id=$("$TUSK" snapshots --json | sed -n 's/.*"id":"\([0-9a-f]\{8\}\).*/\1/p')

# Names are listed without their sizes.
expect_equal "$(ls "$mnt/sums")" "$id.sha256" "names in sums"
sums=$mnt/sums/$id.sha256

cp -a "$mnt/latest/." copy
cp "$sums" list
expect_equal "$(stat -c %s list)" "$(stat -c %s "$sums")" "size of the copied list"
expect_equal "$(wc -l <list)" "$(find copy -type f -printf x | wc -c)" "number of lines"
(cd copy && sha256sum -c --quiet --strict ../list) || fail "a copy does not pass sha256sum -c"

# The same as sha256sum writes itself, but for the order.
(cd copy && find . -type f -printf '%P\0' | xargs -0 sha256sum --) | sort >expected
sort list | cmp - expected || fail "the lines are not those of sha256sum"

# Read anywhere, in pieces of any size.
size=$(stat -c %s list)
[ "$size" -gt 200000 ] || fail "the list is too short for this test"
for step in 1000 4097 65536; do
  for offset in 0 1 65535 65536 65537 131071 $((size - 1)) $((size - step)) "$size"; do
    cmp <(dd if="$sums" bs="$step" count=1 skip="$offset" iflag=skip_bytes status=none) \
      <(dd if=list bs="$step" count=1 skip="$offset" iflag=skip_bytes status=none) || fail "bytes $offset+$step"
  done
done
umount "$mnt" && mount_here
cmp -i 150000 "$sums" list || fail "after a mount anew, from the middle"

# One changed byte, and only that.
printf X | dd of=copy"$dir/source/z/large" bs=1 seek=1234567 conv=notrunc status=none
if (cd copy && LC_ALL=C sha256sum -c --quiet ../list) >out 2>&1; then fail "a changed byte passes sha256sum -c"; fi
expect_equal "$(grep -c FAILED out)" 1 "number of files that fail"
grep -q "source/z/large: FAILED$" out || { cat out >&2; fail "the changed file is not named"; }

# At the top of a tree a file may be called "-", which sha256sum -c would take for standard input.
unmount_here
printf stream | "$TUSK" backup -q --stdin - >/dev/null
mount_here
newest=$("$TUSK" snapshots --json | sed -n 's/.*"id":"\([0-9a-f]\{8\}\).*/\1/p' | tail -1)
mkdir stream && cp "$mnt/latest/-" stream/
(cd stream && sha256sum -c --quiet --strict "$mnt/sums/$newest.sha256" </dev/null) || fail "a file called -"
expect_error 'No such file' stat "$mnt/sums/00000000.sha256"
expect_error 'Read-only' touch "$mnt/sums/x"
