#!/usr/bin/env bash
# Damage is an input/output error of the bytes concerned, with one line that says where (checklist 23).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
head -c 3000000 /dev/urandom >source/large
echo fine >source/fine
make_repository
backup_of "$dir/source"

# The largest pack holds the chunks; in its middle lies the large file.
pack=$(find repo/packs -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2)
chmod u+w "$pack"
printf '\125\252\125\252' | dd of="$pack" bs=1 seek=$(($(stat -c %s "$pack") / 2)) conv=notrunc status=none

mkfifo log
"$TUSKFS" "$dir/repo" "$mnt" -f 2>log &
exec 6<log
read -r line <&6
case $line in *mounted*) ;; *) fail "the driver says: $line" ;; esac
copy=$mnt/latest$dir/source
expect_error 'Input/output error' cat "$copy/large"
expect_error 'Input/output error' cp "$copy/large" copied
read -r line <&6
id=$(readlink "$mnt"/ids/* | sed -n 1p)
[ -n "$id" ]
case $line in
  *"snapshot $(ls "$mnt/ids")"*"$dir/source/large"*) ;;
  *) fail "the log says: $line" ;;
esac

# Only the damaged bytes are lost.
expect_equal "$(cat "$copy/fine")" fine "a file next to the damage"
cmp -n 1000000 source/large "$copy/large" || fail "bytes before the damage are lost"
bad=0
for ((i = 0; i < 3000000; i += 100000)); do
  if dd if="$copy/large" bs=4096 count=1 iflag=skip_bytes,fullblock skip=$i of=piece status=none 2>/dev/null; then
    cmp piece <(dd if=source/large bs=4096 count=1 iflag=skip_bytes skip=$i status=none) || fail "wrong bytes at $i"
  else
    bad=$((bad + 1))
  fi
done
((bad >= 1 && bad <= 6)) || fail "$bad of 30 places cannot be read"
stat "$copy/large" >/dev/null

# A whole tree pack gone: the folder cannot be listed, and says so; it does not look empty.
unmount_here
find repo/packs -type f -printf '%s %p\n' | sort -n | sed -n 1p | cut -d' ' -f2 | xargs rm -f
mount_here
if ls "$mnt/latest$dir/source" >out 2>err; then fail "a lost folder is listed: $(cat out)"; fi
if grep -q 'No such file\|not implemented' err; then cat err; fail "damage looks like absence"; fi
ls "$mnt/snapshots" >/dev/null || fail "the mount itself suffers"
