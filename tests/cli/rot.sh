#!/usr/bin/env bash
# Content that changes by itself: found by --verify-unchanged, a slice each time; and half of all files at once.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository

# Many files changed at once: a warning, and the snapshot is there.
mkdir many
for i in $(seq 120); do echo "$i" >"many/$i"; done
expect_exit 0 "$TUSK" backup many
[ ! -s err ] || fail "unexpected: $(cat err)"
for i in $(seq 50); do echo "now $i" >"many/$i"; done
expect_exit 0 "$TUSK" backup many
[ ! -s err ] || fail "50 of 120 are not half: $(cat err)"
for i in $(seq 50); do echo "then $i" >"many/$i"; done && rm many/11?
expect_exit 0 "$TUSK" backup many
grep -q '^tusk: 50 % of the 120 files of the last snapshot were changed or removed$' err || fail "$(cat err)"
for i in $(seq 109); do echo "again $i" >"many/$i"; done
expect_exit 0 "$TUSK" backup --json many
grep -q '"type":"warning".*"99 % of the' err || fail "$(cat err)"

# Nothing is wrong, whatever is read again.
expect_exit 0 "$TUSK" backup --verify-unchanged many
[ ! -s err ] || fail "unexpected: $(cat err)"
grep -q ': 0 new, 0 changed, 0 removed, 110 same' out || fail "$(cat out)"
expect_exit 2 "$TUSK" backup --verify-unchanged=0% many

# A disk that loses bytes: the image of a file system is changed while it is not mounted.
need_root
command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4 (all but rot was tested)"
truncate -s 8M image && mkfs.ext4 -q image && mkdir disk
mount -o loop image disk 2>/dev/null || skip "loop devices cannot be mounted here (all but rot was tested)"
for i in $(seq 20); do head -c 3000 /dev/zero | tr '\0' x >"disk/file$i" && echo "the mark $i." >>"disk/file$i"; done
touch -d '2 hours ago' disk/*
sync -f disk
sleep_until_settled() { # a file that changed in the same tick as the snapshot proves nothing
  "$TUSK" backup disk >/dev/null
  until "$TUSK" backup disk | grep >/dev/null ' 0 B read'; do :; done
}
sleep_until_settled
umount disk
python3 - <<'END'
data = bytearray(open("image", "rb").read())
at = data.index(b"the mark 7.")
data[at + 4:at + 8] = b"MARK"
open("image", "r+b").write(data)
END
mount -o loop image disk
expect_exit 0 "$TUSK" backup disk
grep -q ' 0 changed' out || fail "the change shows without being looked for: $(cat out)"

# Four slices: the file is in one of them, and is found in the fourth backup at the latest.
found=0
for _ in 1 2 3 4; do
  status=0
  "$TUSK" backup --verify-unchanged=25% disk >out 2>err || status=$?
  case $status in
    0) [ ! -s err ] || fail "$(cat err)" ;;
    4)
      found=$((found + 1))
      grep -q "^tusk: 1 file has changed without a new time: the disk may be failing" err || fail "$(cat err)"
      grep -q "^    $dir/disk/file7: content changed, but not size and times$" err || fail "$(cat err)"
      grep -q ': 0 new, 1 changed' out || fail "$(cat out)" ;;
    *) cat err >&2 && fail "exit $status" ;;
  esac
done
[ $found = 1 ] || fail "found $found times in four slices"
"$TUSK" cat "latest:$dir/disk/file7" | grep >/dev/null '^x*the MARK 7\.$' || fail "what is there now is not what is stored"
[ "$("$TUSK" history "$dir/disk/file7" | awk 'NR > 1 { print $5 }')" = "$(printf '%s\n' + M)" ] || fail "$("$TUSK" history "$dir/disk/file7")"
expect_exit 0 "$TUSK" backup --verify-unchanged disk
umount disk
