#!/usr/bin/env bash
# The connection breaks in the middle of a backup: nothing acknowledged is lost, nothing half-written stays in sight, the next one goes on.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
need_sshd
start_sshd
export TUSK_REPOSITORY=ssh://node$dir/repo TUSK_KEY_FILE=$dir/key
mkdir source
head -c 45000000 /dev/urandom >source/large
expect_exit 0 "$TUSK" init

packs() { find repo/packs -type f | wc -l; }

# sshd and its connections are ended when the first pack has arrived.
"$TUSK" backup --threads 1 source >out 2>err &
backup=$!
until [ "$(packs)" -gt 0 ]; do kill -0 $backup 2>/dev/null || break; done
stop_sshd
got=0
wait $backup || got=$?
[ $got = 14 ] || { cat err; fail "exit $got instead of 14"; }
kept=$(packs)
[ "$kept" -gt 0 ] || fail "the first pack is gone"
# The servers over there end, too: their input has ended. Then nothing of theirs is left in tmp/.
until [ -z "$(ls -A repo/tmp)" ]; do :; done
expect_exit 0 "$TUSK" -r "$dir/repo" check --data

# Again: what has arrived is used.
start_sshd
expect_exit 0 "$TUSK" backup source
[ "$(packs)" -le $((kept + 4)) ] || fail "the packs that were there are not used: $kept, then $(packs)"
expect_exit 0 "$TUSK" check --data
rm -rf "$XDG_STATE_HOME"
expect_exit 0 "$TUSK" restore --no-mount latest out1
cmp source/large out1"$dir"/source/large

# A connection that breaks under a reader is made again.
proxy_port=$(free_port)
"$TUSK_BUILD/tests/lagproxy" "$proxy_port" "$sshd_port" 0 0 60000 >proxy.log &
proxy=$!
until grep -qs listening proxy.log; do kill -0 $proxy || fail "the proxy"; done
write_ssh_config "$proxy_port"
expect_exit 0 "$TUSK" check
kill $proxy
