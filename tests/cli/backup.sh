#!/usr/bin/env bash
# Writing snapshots: summary, options, other sources than paths, exit statuses.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir -p src/sub src/cache
echo one >src/one && echo two >src/sub/two && head -c 300000 /dev/urandom >src/big
printf 'Signature: 8a477f597d28d172789f06886806bc55\n' >src/cache/CACHEDIR.TAG && echo x >src/cache/x

expect_exit 0 "$TUSK" backup --tag a --tag b --host box --comment hello --time 2026-01-02T03:04:05Z src
grep -qE '^snapshot [0-9a-f]{8}  box  2026-01-02 03:04:05Z' out || fail "$(cat out)"
grep -q '^  files   5: 5 new, 0 changed, 0 removed, 0 same$' out || fail "$(cat out)"
grep -q '^  data    .* read, .* new, .* stored$' out || fail "$(cat out)"
[ ! -s err ] || fail "unexpected: $(cat err)"

# A second one finds nothing new; a third sees what changed.
expect_exit 0 "$TUSK" backup --host box src
grep -q '5: 0 new, 0 changed, 0 removed, 5 same' out || fail "$(cat out)"
echo 1 >src/one && rm src/sub/two
expect_exit 0 "$TUSK" backup --host box -v src
grep -q '4: 0 new, 1 changed, 1 removed, 3 same' out || fail "$(cat out)"
grep -q '^M .*/src/one$' err || fail "$(cat err)"
! grep -q '^U' err || fail "unchanged files are shown by -vv only"
count=$("$TUSK" snapshots | grep -c '^[0-9a-f]\{8\}  ')
[ "$count" = 3 ] || fail "$count snapshots"

# A dry run writes nothing.
expect_exit 0 "$TUSK" backup -n src
grep -q '^dry run, nothing written' out || fail "$(cat out)"
[ "$("$TUSK" snapshots | grep -c '^[0-9a-f]\{8\}  ')" = 3 ] || fail "a dry run left a snapshot"

# Exclusions.
printf '*.o\n# a comment\n\n' >patterns && touch src/x.o src/y.tmp src/.skip && mkdir -p src/marked && touch src/marked/.nobackup src/marked/z
expect_exit 0 "$TUSK" backup -e '*.tmp' --exclude-file patterns --exclude-caches --exclude-if-present .nobackup \
  --exclude-larger-than 200K src
"$TUSK" ls -R latest >names
for gone in x.o y.tmp cache/x marked/z big; do
  ! grep -q "/src/$gone\$" names || fail "$gone was not left out"
done
for there in one .skip cache/CACHEDIR.TAG; do
  grep -q "/src/$there\$" names || fail "$there is missing"
done

# Standard input and the output of a program.
printf 'from a pipe' | "$TUSK" backup --stdin dump.sql >/dev/null
[ "$("$TUSK" cat latest:dump.sql)" = 'from a pipe' ] || fail "stdin"
expect_exit 0 "$TUSK" backup --command list -- printf '%s-%s' a b
[ "$("$TUSK" cat latest:/list)" = a-b ] || fail "command"
before=$("$TUSK" snapshots --json | wc -l)
expect_exit 1 "$TUSK" backup --command list -- sh -c 'echo partial; exit 7'
[ "$before" = "$("$TUSK" snapshots --json | wc -l)" ] || fail "a failed program left a snapshot"
expect_exit 2 "$TUSK" backup --command list
expect_exit 2 "$TUSK" backup --stdin x src
expect_exit 2 "$TUSK" backup

# One missing source of two: listed, exit 3. The only one: exit 1, no snapshot.
before=$("$TUSK" snapshots --json | wc -l)
expect_exit 3 "$TUSK" backup src "$dir/nope"
grep -qE '^tusk: snapshot [0-9a-f]{8} saved, but 1 file could not be read:$' err || fail "$(cat err)"
grep -q "^    $dir/nope: No such file or directory$" err || fail "$(cat err)"
expect_exit 1 "$TUSK" backup "$dir/nope"
[ "$(cat err)" = "tusk: backup failed: $dir/nope: No such file or directory" ] || fail "$(cat err)"
[ "$((before + 1))" = "$("$TUSK" snapshots --json | wc -l)" ] || fail "number of snapshots"

# Compression: what was stored one way is read whatever the next backup uses; stronger is smaller.
seq 100000 >numbers
size_with() { # METHOD: bytes of a fresh repository
  rm -rf "$dir/small"
  "$TUSK" -r "$dir/small" init --encryption none >/dev/null
  "$TUSK" -r "$dir/small" backup --compression "$1" "$dir/numbers" >/dev/null
  "$TUSK" -r "$dir/small" cat "latest:$dir/numbers" | cmp - numbers || fail "content after --compression $1"
  "$TUSK" -r "$dir/small" check --data >/dev/null || fail "check after --compression $1"
  du -sb "$dir/small/packs" | cut -f1
}
none=$(size_with none) lz4=$(size_with lz4) zstd=$(size_with zstd) strong=$(size_with zstd:19)
for smaller in "$lz4:$none" "$zstd:$lz4" "$strong:$lz4"; do
  [ "${smaller%:*}" -lt "${smaller#*:}" ] || fail "sizes: none $none, lz4 $lz4, zstd $zstd, zstd:19 $strong"
done
expect_exit 2 "$TUSK" backup --compression zstd:20 src
expect_exit 2 "$TUSK" backup --compression gzip src
[ "$(cat err)" = "tusk: --compression gzip: there is auto, none, lz4, zstd, and zstd:1 to zstd:19" ] || fail "$(cat err)"
