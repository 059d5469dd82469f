#!/usr/bin/env bash
# On a terminal: prompts, echo after an interruption, the line of progress. And what both programs take as a secret.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
command -v python3 >/dev/null || skip "needs python3"
export TERM=xterm

on_terminal() { # COLUMNS SCRIPT PROGRAM...: what was shown is left in $dir/shown
  python3 "$tests/lib/terminal.py" "$@" >"$dir/shown" 2>&1 || fail "$(cat "$dir/shown")"
}
shows() { grep -q "$1" "$dir/shown" || fail "no \"$1\" in: $(cat -v "$dir/shown")"; }

# init asks twice, without echo.
on_terminal 80 'expect new password for repo:
echo off
type secret
expect the same again:
echo off
type secreT' "$TUSK" init repo
shows '^tusk: cannot create repository repo: the two passwords differ'
shows '^exit 12, echo on$'
[ ! -e repo ] || fail "a repository was made"
on_terminal 80 'expect new password for repo:
type secret
expect the same again:
type secret' "$TUSK" init repo
shows '^exit 0, echo on$'
! grep -q secret shown || fail "the password was shown: $(cat shown)"

# An interruption at the prompt gives the terminal back.
on_terminal 80 'expect password for repo:
echo off
signal SIGINT' "$TUSK" -r repo snapshots
shows '^exit 130, echo on$'
mkdir mnt
on_terminal 80 'expect password for repo:
echo off
signal SIGINT' "$TUSKFS" repo mnt
shows '^exit 130, echo on$'

# The line of progress fits the terminal and is gone at the end.
export TUSK_REPOSITORY=$dir/repo TUSK_PASSWORD=secret
mkdir src empty && head -c 60000000 /dev/urandom >src/data
for columns in 80 30; do
  on_terminal "$columns" '' "$TUSK" backup --force src
  python3 - "$columns" <<'CHECK' || fail "$(cat -v shown)"
import re, sys
text = open('shown', encoding='utf-8', newline='').read()
lines = [part for part in re.split(r'\r|\n', text.split('snapshot ')[0]) if part]
assert all(len(re.sub(r'\x1b\[K', '', line)) < int(sys.argv[1]) for line in lines), 'too long'
if any(not line.startswith('\x1b') for line in lines):
    assert lines[-1] == '\x1b[K', 'the line is not wiped'
CHECK
done

on_terminal 80 '' "$TUSK" verify latest:"$dir/src" empty
shows 'src/data: missing: snapshot present, here absent'
! grep -q 'comparing.*missing' shown || fail "a difference behind the line of progress: $(cat -v shown)"

# A background job that nohup protects is not ended by SIGHUP.
mkfifo feed
(trap '' HUP; exec "$TUSK" backup -q --stdin stream <feed >out 2>err) &
pid=$!
exec 9>feed
head -c 1000000 /dev/urandom >&9 # more than the pipe holds: the backup reads
kill -HUP "$pid"
exec 9>&-
wait "$pid" || fail "SIGHUP ended it: $(cat err)"

# Both programs look for the secret in the same order, and take the same for one: all of the text, a recovery code.
printf 'two\nlines\n' >two && printf 'wrong\n' >wrong
expect_exit 0 "$TUSK" key add --new-password-file two
expect_exit 0 "$TUSK" key add --recovery-code
grep -oE '([A-Z2-7]{4}-){12}[A-Z2-7]{4}' out | tr 'A-Z-' 'a-z ' >code
expect_exit 0 "$TUSK" key add --new-key-file key
need_fuse
unset TUSK_PASSWORD
mounts() { expect_exit 0 "$@" "$TUSKFS" repo mnt; ls mnt/latest/ >/dev/null || fail "not mounted"; expect_exit 0 "$TUSK" umount mnt; }
mounts env TUSK_PASSWORD_FILE=two
mounts env TUSK_PASSWORD_FILE=code
mounts env TUSK_PASSWORD_COMMAND='cat code' TUSK_KEY_FILE=wrong TUSK_PASSWORD=wrong
mounts env TUSK_KEY_FILE=key TUSK_PASSWORD=wrong
for order in "TUSK_PASSWORD_FILE=wrong TUSK_PASSWORD_COMMAND=cat\ two" "TUSK_KEY_FILE=wrong TUSK_PASSWORD=secret"; do
  for program in "$TUSK -r repo snapshots" "$TUSKFS repo mnt"; do
    eval "expect_exit 12 env $order $program"
    grep -q wrong err || fail "$(cat err)"
  done
done
# restore hands a passphrase of two lines on to its own mount.
expect_exit 0 env TUSK_PASSWORD_FILE=two "$TUSK" restore latest copy
! grep -q 'no mount' err || fail "$(cat err)"
