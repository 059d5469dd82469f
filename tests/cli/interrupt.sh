#!/usr/bin/env bash
# A backup or a check that is interrupted: exit 130, one line, nothing damaged.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir src && echo 1 >src/f && "$TUSK" backup src >/dev/null

for signal in INT TERM; do
  mkfifo feed
  # A shell makes its background jobs ignore SIGINT; env gives it back its meaning.
  env --default-signal=INT "$TUSK" backup --stdin stream <feed >out 2>err &
  pid=$!
  exec 9>feed
  # The pipe holds 64 KiB: when this returns, the backup reads.
  head -c 1000000 /dev/urandom >&9
  kill -"$signal" "$pid"
  # The next bytes wake the reader; it may be gone already.
  (trap '' PIPE; head -c 1000000 /dev/urandom >&9) 2>/dev/null || true
  exec 9>&-
  code=0
  wait "$pid" || code=$?
  [ "$code" = 130 ] || fail "exit $code after SIG$signal: $(cat err)"
  [ "$(cat err)" = "tusk: backup interrupted: nothing was damaged, no snapshot was written" ] || fail "$(cat err)"
  rm feed
done
[ "$("$TUSK" snapshots --json | wc -l)" = 1 ] || fail "an interrupted backup left a snapshot"
expect_exit 0 "$TUSK" check --data

# A check: its list of damage is longer than a pipe holds, so that it is at work when the signal comes.
mkdir many
name=$(printf '%0200d' 0)
for i in {1..600}; do head -c 6000 /dev/urandom >"many/$name$i"; done
"$TUSK" backup -q many >/dev/null
find repo/packs -type f -size +200k -delete
mkfifo feed
env --default-signal=INT "$TUSK" check >feed 2>err &
pid=$!
exec 9<feed
read -r line <&9
[[ $line == damaged:* ]] || fail "$line"
kill -INT "$pid"
cat <&9 >/dev/null
exec 9<&-
code=0
wait "$pid" || code=$?
[ "$code" = 130 ] || fail "exit $code after SIGINT in a check: $(cat err)"
[ "$(cat err)" = "tusk: check interrupted" ] || fail "$(cat err)"
