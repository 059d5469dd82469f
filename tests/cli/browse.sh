#!/usr/bin/env bash
# ls, find, cat: what is in a snapshot, without a mount.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir -p 'src/a b/deep' && cd src
printf 'hello' >'a b/hello.txt'
ln -s 'target with space' link
mkfifo pipe
ln 'a b/hello.txt' hard
touch -d '2026-03-04 05:06:07' 'a b/hello.txt'
chmod 4755 'a b/hello.txt'
touch "$(printf 'bad\377name\012line')" 'back\slash'
head -c 3000000 /dev/urandom >large
cd ..
"$TUSK" backup src >/dev/null
at=latest:$dir/src

expect_exit 0 "$TUSK" ls "$at"
[ "$(head -1 out)" = 'a b' ] || [ "$(head -1 out)" = 'a\ b' ] || fail "$(cat out)"
grep -qF 'bad\377name\012line' out || fail "name not escaped: $(cat out)"
grep -qF 'back\\slash' out || fail "backslash not escaped: $(cat out)"
[ "$(wc -l <out)" = 7 ] || fail "$(cat out)"
expect_exit 0 "$TUSK" ls -l "$at/link"
grep -qE '^lrwxrwxrwx .* -> target' out || fail "$(cat out)"
expect_exit 0 "$TUSK" ls -l "$at/a b"
grep -qE '^-rwsr-xr-x +2 [^ ]+ +[^ ]+ +5 2026-03-04 05:06:07 ' out || fail "$(cat out)"
expect_exit 0 "$TUSK" ls -R latest
grep -q "^$dir/src/a.* b/hello.txt$" out || fail "$(cat out)"
grep -q "^$dir/src/pipe$" out || fail "$(cat out)"

expect_exit 0 "$TUSK" find '*.txt'
grep -qE '^[0-9a-f]{8}:/.*/hello.txt$' out || fail "$(cat out)"
[ "$(wc -l <out)" = 1 ] || fail "$(cat out)"
"$TUSK" cat "$(sed 's/\\ / /g' out)" >copy; [ "$(cat copy)" = hello ] || fail "what find prints is not understood"
"$TUSK" backup src >/dev/null
[ "$("$TUSK" find '*.txt' | wc -l)" = 2 ] || fail "find does not look in every snapshot"
[ "$("$TUSK" find -s latest '*.txt' | wc -l)" = 1 ] || fail "find --snapshot"
[ "$("$TUSK" find -s latest "$dir/src/*" | wc -l)" = 7 ] || fail "a pattern with a slash"
expect_exit 0 "$TUSK" find nothing-like-this
[ ! -s out ] || fail "$(cat out)"

"$TUSK" cat "$at/large" | cmp - src/large || fail "cat"
"$TUSK" cat "$at/hard" | cmp - 'src/a b/hello.txt' || fail "cat of a hard link"
expect_exit 1 "$TUSK" cat "$at/a b"
grep -q 'is a directory, not a file' err || fail "$(cat err)"
expect_exit 1 "$TUSK" cat "$at/none"
grep -q 'none' err || fail "$(cat err)"

# A reader that goes away is no error to talk about; a full device is.
"$TUSK" ls -R latest 2>quiet | head -1 >/dev/null || [ $? = 141 ]
"$TUSK" cat "$at/large" 2>>quiet | head -c 10 >/dev/null || [ $? = 141 ]
"$TUSK" dump latest 2>>quiet | head -c 10 >/dev/null || [ $? = 141 ]
# The same where SIGPIPE is ignored, as service managers do.
for verb in cat dump; do
  (trap '' PIPE; "$TUSK" "$verb" "$at/large" 2>>quiet) | head -c 10 >/dev/null || fail "$verb"
done
[ ! -s quiet ] || fail "$(cat quiet)"
code=0
"$TUSK" ls -R latest >/dev/full 2>err || code=$?
[ "$code" = 1 ] || fail "exit $code with a full device"
grep -q '^tusk: cannot write the result to standard output: No space left on device$' err || fail "$(cat err)"
