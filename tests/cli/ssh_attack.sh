#!/usr/bin/env bash
# A node that is served append-only, attacked by a client that keeps to no rules, over a real sshd with a forced command.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
need_sshd
forced_command="$TUSK serve --stdio --role append-only $dir/repo"
start_sshd

mkdir source outside
head -c 400000 /dev/urandom >source/file
echo secret >outside/file
make_repository --encryption aes256-gcm
expect_exit 0 "$TUSK" backup source

# The path and the role are the server's, whatever the client asks for.
python3 "$tests/cli/ssh_attack.py" "$dir/repo" "$forced_command" ssh -F "$dir/sshd/ssh_config" forced tusk serve --stdio --role full /
expect_exit 0 "$TUSK" check --data

# A true client can go on backing up through it, but neither remove nor replace.
export TUSK_REPOSITORY=ssh://forced/any/where
echo more >source/more
expect_exit 0 "$TUSK" backup source
expect_exit 0 "$TUSK" check --data
expect_exit 1 "$TUSK" key add --new-key-file other
grep -q 'refused: this node is served append-only' err || fail "a key slot was added: $(cat err)"
expect_exit 1 "$TUSK" init ssh://forced/other

# Read-only: everything can be read, nothing written.
forced_command="$TUSK serve --stdio --role read-only $dir/repo"
write_sshd_files
expect_exit 0 "$TUSK" restore --no-mount latest out1
diff -r source out1"$dir"/source
expect_exit 1 "$TUSK" backup source
grep -q 'served read-only' err || fail "it is not said why: $(cat err)"
expect_exit 0 "$TUSK" -r "$dir/repo" check --data
