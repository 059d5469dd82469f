#!/usr/bin/env bash
# Where a password comes from.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
printf 'sesame\n' >pw
printf 'other\n' >wrong
export TUSK_REPOSITORY=$dir/repo
expect_exit 0 "$TUSK" --password-file pw init

ok() { expect_exit 0 "$@" "$TUSK" snapshots; }
no() { expect_exit 12 "$@" "$TUSK" snapshots; }
ok env TUSK_PASSWORD_FILE=pw
ok env TUSK_PASSWORD_COMMAND='cat pw'
ok env TUSK_PASSWORD=sesame
mkdir credentials && cp pw credentials/tusk.password
ok env CREDENTIALS_DIRECTORY="$dir/credentials"
no env TUSK_PASSWORD_FILE=wrong TUSK_PASSWORD=sesame
grep -q "^tusk: cannot open repository .*wrong password (from wrong)$" err || fail "$(cat err)"
no env TUSK_PASSWORD_COMMAND='exit 5'
no env TUSK_PASSWORD_FILE=/nonexistent
grep -q '/nonexistent: No such file or directory$' err || fail "$(cat err)"
TUSK_PASSWORD=other expect_exit 0 "$TUSK" snapshots --password-file pw
TUSK_PASSWORD=other expect_exit 0 "$TUSK" snapshots --password-command 'echo sesame'
expect_exit 2 "$TUSK" snapshots --password-file pw --key-file k

# No password and no terminal: at once.
no env -u TUSK_PASSWORD
grep -q 'a password is needed and there is no terminal$' err || fail "$(cat err)"
grep -q '^  hint: use --password-file, --password-command' err || fail "$(cat err)"
[ "$(wc -l <err)" = 2 ] || fail "$(cat err)"

# A prompt on a terminal: no echo, asked twice at init.
command -v python3 >/dev/null || skip "the rest needs python3"
cat >talk.py <<'END'
import os, pty, sys, select
answers, command = sys.argv[1].split(','), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, asked = b'', 0
while True:
    try:
        data = os.read(fd, 1024)
    except OSError:
        break
    if not data:
        break
    seen += data
    if asked < len(answers) and seen.count(b': ') > asked:
        os.write(fd, answers[asked].encode() + b'\n')
        asked += 1
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
python3 talk.py sesame "$TUSK" snapshots >out || fail "prompt: $(cat out)"
grep -q 'password for ' out || fail "$(cat out)"
! grep -q sesame out || fail "the password was echoed"
code=0
python3 talk.py nonsense "$TUSK" snapshots >out || code=$?
[ "$code" = 12 ] || fail "exit $code with a wrong password typed"
unset TUSK_REPOSITORY
python3 talk.py open,open "$TUSK" init "$dir/typed" >out || fail "init: $(cat out)"
TUSK_PASSWORD=open expect_exit 0 "$TUSK" -r "$dir/typed" snapshots
code=0
python3 talk.py open,closed "$TUSK" init "$dir/typo" >out || code=$?
[ "$code" = 12 ] || fail "exit $code with two different passwords"
grep -q 'the two passwords differ' out || fail "$(cat out)"
[ ! -e typo ] || fail "a repository was made nevertheless"
