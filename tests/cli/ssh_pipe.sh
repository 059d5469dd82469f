#!/usr/bin/env bash
# The protocol without a daemon: a shell stands for ssh. Noise, absent programs, names, failures that are said in one line.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
export TUSK_SSH_COMMAND=$tests/lib/fakessh.sh TUSK_REMOTE_COMMAND=$TUSK TUSK_KEY_FILE=$dir/key
mkdir source
head -c 200000 /dev/urandom >source/file

one_line() { [ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"; }

# A path with a quote and a space, written %XX in the URL, arrives as it is.
place="$dir/it's here"
export TUSK_REPOSITORY="ssh://host$dir/it's%20here"
expect_exit 0 "$TUSK" init
[ -e "$place/tusk.repository" ] || fail "the repository is not at $place"
expect_exit 0 "$TUSK" backup source

TUSK_TEST_NODE=ssh://host$dir/foresee "$TUSK_BUILD/tests/test_foresee" >out 2>&1 || { cat out >&2; fail "what was foreseen"; }

# A shell that talks before: skipped, with or without a line end; without end, given up.
noisy=$dir/noisy
# shellcheck disable=SC2016 # expanded by the scripts
printf '#!/bin/sh\nfor last; do :; done\necho "Welcome to far"; printf "tusk \\000 tusk serve"\nexec sh -c "$last"\n' >"$noisy"
printf '#!/bin/sh\nexec yes hello\n' >endless
printf '#!/bin/sh\necho "Permission denied (publickey)." >&2; exit 255\n' >denied
printf '#!/bin/sh\necho first >&2; printf "evil \\033[31m line\\r\\n" >&2; exit 255\n' >evil
printf '#!/bin/sh\nexit 3\n' >silent
# shellcheck disable=SC2016 # expanded by the script
printf '#!/bin/sh\nfor last; do :; done\nprintf "%%s\\n" "$@" >%s/arguments\n(cd /proc/self/fd && ls -l) >%s/descriptors\nexec sh -c "$last"\n' "$dir" "$dir" >curious
chmod +x noisy endless denied evil silent curious
expect_exit 0 env TUSK_SSH_COMMAND="$noisy" "$TUSK" restore --no-mount latest out1
diff -r source out1"$dir"/source
expect_exit 14 env TUSK_SSH_COMMAND="$dir/endless" "$TUSK" snapshots
one_line
grep -q 'something else than tusk serve' err || fail "noise without end: $(cat err)"

# Why it did not work.
expect_exit 14 env TUSK_SSH_COMMAND="$dir/denied" "$TUSK" snapshots
one_line
grep -q 'host is not reachable: Permission denied (publickey)' err || fail "$(cat err)"
expect_exit 14 env TUSK_SSH_COMMAND="$dir/evil" "$TUSK" snapshots
grep -q 'evil \\033\[31m line' err || fail "a terminal would have obeyed: $(cat -A err)"
expect_exit 14 env TUSK_SSH_COMMAND="$dir/silent" "$TUSK" snapshots
grep -q 'exit status 3' err || fail "$(cat err)"
expect_exit 14 env TUSK_REMOTE_COMMAND="$dir/missing/tusk" "$TUSK" snapshots
grep -q 'there is no tusk' err || fail "$(cat err)"
expect_exit 14 env TUSK_SSH_COMMAND="$dir/missing/ssh" "$TUSK" snapshots
expect_exit 10 "$TUSK" -r "ssh://host$dir/nothing" snapshots
expect_exit 2 "$TUSK" -r "ssh://-oProxyCommand=touch%20$dir/owned/x" snapshots
expect_exit 2 "$TUSK" -r "ssh://-lroot@host/x" snapshots
[ ! -e owned ] || fail "a host name became an option"

# What ssh is given: user and port, the host behind "--", and of our descriptors the three standard ones only.
expect_exit 0 env TUSK_SSH_COMMAND="$dir/curious -X" "$TUSK" -r "ssh://me@host:2222$dir/it's%20here" snapshots 7>"$dir/seven"
tr '\n' ' ' <arguments >line
grep -q -- '^-X .* -p 2222 -l me -- host .* serve --stdio -- ' line || fail "ssh was given: $(cat line)"
[ "$(grep -c -- '->' descriptors)" = 4 ] || fail "descriptors: $(cat descriptors)" # the fourth is that of ls
! grep seven descriptors || fail "a descriptor leaked: $(cat descriptors)"

# A path may lie in the far home folder.
export HOME=$dir/home
mkdir home
cd home
expect_exit 0 "$TUSK" init ssh://host/~/below
[ -e "$dir/home/below/tusk.repository" ] || fail "/~/ is not the home folder"
cd "$dir"

# The server: who is no client, what cannot be served.
expect_exit 2 "$TUSK" serve "$place"
expect_exit 2 "$TUSK" serve --stdio ssh://host/x
expect_exit 2 "$TUSK" serve --stdio --role local "$place"
expect_exit 0 "$TUSK" serve --stdio "$place"
printf 'GET / HTTP/1.0\r\n\r\n' >request
got=0
"$TUSK" serve --stdio "$place" <request >out 2>err || got=$?
[ $got = 4 ] || fail "exit $got for what is no request: $(cat err)"

# It ends when its reader goes, although its input stays open, and takes its lock with it.
mkfifo input
"$TUSK" serve --stdio "$place" <input 2>err | head -c 1 >one &
exec 8>input
python3 "$tests/cli/ssh_requests.py" >&8
wait $!
exec 8>&-

# Limits: slower, not wrong.
expect_exit 0 env TUSK_LIMIT_UPLOAD=4M TUSK_LIMIT_DOWNLOAD=4M "$TUSK" backup --force source
expect_exit 0 env TUSK_LIMIT_DOWNLOAD=4M "$TUSK" check --data
expect_exit 2 env TUSK_LIMIT_UPLOAD=fast "$TUSK" snapshots
grep -q TUSK_LIMIT_UPLOAD err || fail "$(cat err)"

# What waits for its way is compressed more closely, unless the user said how.
seq 800000 >numbers
stored_with() { # METHOD ARGUMENTS: bytes in the packs of a fresh repository
  local how=$1
  shift
  rm -rf "$dir/far"
  expect_exit 0 "$TUSK" "$@" init --encryption none
  expect_exit 0 "$TUSK" "$@" backup --quiet --compression "$how" "$dir/numbers"
  "$TUSK" "$@" cat "latest:$dir/numbers" | cmp - numbers || fail "content after --compression $how"
  expect_exit 0 "$TUSK" "$@" check --data
  stored=$(du -sb "$dir/far/packs" | cut -f1)
}
far=(-r "ssh://host$dir/far" --limit-upload 1M)
stored_with lz4 "${far[@]}"
lz4=$stored
stored_with auto "${far[@]}"
[ "$stored" -lt $((lz4 * 4 / 5)) ] || fail "a slow way: $stored bytes, lz4 $lz4"
stored_with auto -r "$dir/far"
[ "$stored" -gt $((lz4 * 9 / 10)) ] || fail "a folder is never behind: $stored bytes, lz4 $lz4"
