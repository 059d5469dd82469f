#!/usr/bin/env bash
# What a user reads when something is wrong, and the exit status a script sees.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src && echo 1 >src/f && "$TUSK" backup src >/dev/null

says() { # EXIT PATTERN COMMAND...: the last line but hints matches
  local status=$1 pattern=$2
  shift 2
  expect_exit "$status" "$@"
  grep -qE "$pattern" err || fail "$* says: $(cat err)"
  [ "$(grep -c '^tusk: ' err)" = 1 ] || fail "more than one error line: $(cat err)"
  [ "$(grep -c '^  hint: ' err)" -le 2 ] || fail "too many hints: $(cat err)"
}

# No repository; something else; a newer one.
says 10 "^tusk: cannot open repository $dir/none: there is no repository here" "$TUSK" -r "$dir/none" snapshots
grep -q "^  hint: create one with   tusk init $dir/none$" err || fail "$(cat err)"
mkdir stuff && touch stuff/x
says 10 "^tusk: cannot open repository $dir/stuff: there is no repository here" "$TUSK" -r "$dir/stuff" snapshots
! grep -q hint err || fail "a hint that cannot work: $(cat err)"
says 10 "^tusk: cannot open repository " "$TUSK" -r "$dir/stuff/x" snapshots
cp -r repo newer
sed -i 's/^version 1$/version 2/' newer/tusk.repository
says 1 "^tusk: cannot open repository $dir/newer: .*version 2" "$TUSK" -r "$dir/newer" snapshots
cp -r repo torn
printf 'x' | dd of=torn/tusk.repository bs=1 seek=60 conv=notrunc status=none
says 4 "^tusk: cannot open repository $dir/torn: tusk.repository" "$TUSK" -r "$dir/torn" snapshots
says 2 'not supported' "$TUSK" -r ftp://host/x snapshots

# Passwords (secrets.sh has more).
says 12 "^tusk: cannot open repository $dir/repo: " env -u TUSK_KEY_FILE TUSK_PASSWORD=wrong "$TUSK" snapshots
printf '%064d\n' 0 >zero.key
says 12 "^tusk: cannot open repository $dir/repo: wrong key \(from zero.key\)" "$TUSK" --key-file zero.key snapshots

# Snapshots and paths that are not there.
says 1 '^tusk: ls: .*"?deadbeef"?' "$TUSK" ls deadbeef
says 1 '^tusk: ls: snapshot [0-9a-f]{8}: .*nowhere' "$TUSK" ls latest:/nowhere/at/all

# A file that cannot be read: listed, exit 3. Root can read everything, so another user does it.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  chmod 755 "$dir" && mkdir -m 777 home
  other=(env HOME="$dir/home" XDG_STATE_HOME="$dir/home/state" TUSK_REPOSITORY="$dir/home/repo" TUSK_KEY_FILE="$dir/home/key" "${user[@]}")
else
  mkdir home && other=(env TUSK_REPOSITORY="$dir/home/repo" TUSK_KEY_FILE="$dir/home/key")
fi
mkdir -m 755 closed && echo 1 >closed/open && echo 2 >closed/secret && chmod 000 closed/secret
"${other[@]}" "$TUSK" init >/dev/null
says 3 '^tusk: snapshot [0-9a-f]{8} saved, but 1 file could not be read:$' "${other[@]}" "$TUSK" backup "$dir/closed"
grep -q "^    $dir/closed/secret: Permission denied$" err || fail "$(cat err)"

# A full disk.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=4M none small 2>/dev/null; then
  mkdir big && head -c 12000000 /dev/urandom >big/data
  "$TUSK" -r "$dir/small/repo" init >/dev/null
  says 13 "^tusk: backup stopped: $dir/small/repo is full: .*; nothing was damaged, no snapshot was written$" \
    "$TUSK" -r "$dir/small/repo" backup big
  expect_exit 0 "$TUSK" -r "$dir/small/repo" snapshots
  expect_exit 0 "$TUSK" -r "$dir/small/repo" check
fi
