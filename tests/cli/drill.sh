#!/usr/bin/env bash
# A restore drill: equal files pass, damage is found and named, drills go through everything, and each leaves a note.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src
for n in $(seq 1 12); do head -c 60000 /dev/urandom >"src/$n"; done
"$TUSK" backup -q src >/dev/null
mkdir drills
export TMPDIR=$dir/drills
expect_exit 0 "$TUSK" drill --sample 3
grep -qE '^local +3 files, 176 KiB, in [0-9.]+ s: restored .*equal$' out || fail "$(cat out)"
[ "$(find repo/drills -type f | wc -l)" = 1 ] || fail "no note"
expect_exit 0 "$TUSK" drill --json --sample 30
python3 -c 'import json; d = json.load(open("out")); assert (d["files"], d["failures"]) == (12, 0), d' || fail "$(cat out)"
[ "$(find repo/drills -type f | wc -l)" = 2 ] || fail "no second note"
expect_exit 2 "$TUSK" drill --sample 0
expect_exit 1 "$TUSK" drill --from nas
grep -q 'there is no node "nas"' err || fail "$(cat err)"
rmdir drills || fail "something was left: $(ls drills)"
mkdir drills

# Some drills find what is damaged, wherever it is.
pack=$(find repo/packs -type f -size +300k | sed -n 1p)
chmod u+w "$pack"
printf 'damage' | dd of="$pack" bs=1 seek=300000 conv=notrunc status=none
expect_exit 4 "$TUSK" drill --sample 30
grep -qE "^tusk: drill: node local: $dir/src/[0-9]+: " err || fail "$(cat err)"
grep -q ' not equal$' out || fail "$(cat out)"
found=0
for _ in $(seq 1 12); do "$TUSK" drill --sample 2 >/dev/null 2>&1 || found=$((found + 1)); done
[ $found -ge 1 ] || fail "twelve drills of two files each did not meet one of twelve files"
