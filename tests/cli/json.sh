#!/usr/bin/env bash
# Every line of --json is an object with "v":1 and a type; errors as well.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
command -v jq >/dev/null || skip "jq is not installed"
make_repository --encryption aes256-gcm
mkdir src && echo 1 >src/f && ln -s f src/l && touch "src/$(printf 'bad\377')"

# lines FILE TYPE...: each line parses, and the types that occur are these.
lines() {
  local file=$1 got
  shift
  jq -es 'all(.[]; .v == 1 and (.type | type) == "string")' "$file" >/dev/null || fail "not JSON lines: $(cat "$file")"
  got=$(jq -r .type "$file" | sort -u | tr '\n' ' ')
  [ "$got" = "$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')" ] || fail "types: $got in $(cat "$file")"
}

expect_exit 0 "$TUSK" backup --json --progress none src
lines out summary
snapshot=$(tail -1 out | jq -r .snapshot)
[ "${#snapshot}" = 64 ] || fail "snapshot id: $snapshot"
[ "$(jq -r '[.files, .new_files, .errors] | join(" ")' out)" = "2 2 0" ] || fail "$(cat out)"
expect_exit 0 "$TUSK" --json backup src
lines out summary
expect_exit 3 "$TUSK" --json backup src /nope
lines out summary
jq -es 'any(.[]; .type == "warning" and .path == "/nope" and .problem != null)' err >/dev/null || fail "$(cat err)"

expect_exit 0 "$TUSK" snapshots --json
lines out snapshot
[ "$(head -1 out | jq -r .id)" = "$snapshot" ] || fail "$(cat out)"
jq -e '.time and .host and (.paths | length) == 1 and (.tags | type) == "array"' <(head -1 out) >/dev/null || fail "$(cat out)"

expect_exit 0 "$TUSK" ls -R --json latest
lines out entry
jq -es 'any(.[]; .kind == "symlink" and .target == "f")' out >/dev/null || fail "$(cat out)"
jq -es 'any(.[]; .path_b64 != null and (.path | endswith("bad\ufffd")))' out >/dev/null || fail "$(cat out)"
jq -es 'any(.[]; .sha256 == "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865")' out >/dev/null || fail "$(cat out)"

echo 2 >src/f && "$TUSK" backup src >/dev/null
expect_exit 0 "$TUSK" diff --json latest~1 latest
lines out change summary
expect_exit 0 "$TUSK" find --json f
lines out entry
expect_exit 0 "$TUSK" stats --json
lines out stats
expect_exit 0 "$TUSK" check --json --data
lines out summary
expect_exit 0 "$TUSK" key list --json
lines out key
expect_exit 0 "$TUSK" repair index --json
lines out summary
expect_exit 0 "$TUSK" version --json
lines out version
expect_exit 0 "$TUSK" init --json --encryption none "$dir/second"
lines out summary

# Errors, those of the command line too.
error() { # EXIT CODE COMMAND...
  local status=$1 code=$2
  shift 2
  expect_exit "$status" "$@"
  lines err error
  [ "$(jq -r '[.code, .exit] | join(" ")' err)" = "$code $status" ] || fail "$(cat err)"
}
error 2 usage "$TUSK" --json snapshot
error 2 usage "$TUSK" backup --exlude x --json src
error 10 no-repository "$TUSK" --json -r "$dir/none" snapshots
error 12 password env -u TUSK_KEY_FILE TUSK_PASSWORD=wrong "$TUSK" --json snapshots
error 1 absent "$TUSK" --json ls deadbeef
