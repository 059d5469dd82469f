#!/usr/bin/env bash
# Differences between snapshots.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir -p src/same src/gone/below src/turns && cd src
echo 1 >changed && echo 1 >mode && echo 1 >./time && echo 1 >gone/below/f && echo 1 >same/f && echo 1 >kind && ln -s a link
cd .. && "$TUSK" backup src >/dev/null
cd src && echo 2 >changed && chmod 600 mode && touch -d 2020-01-01 time && rm -r gone kind turns && mkdir kind && echo x >turns
echo n >new && ln -sfn b link && cd ..
"$TUSK" backup src >/dev/null

expect_exit 0 "$TUSK" diff "latest~1:$dir/src" "latest:$dir/src"
sed -i "s|$dir/src||" out
head -n -1 out >got
cat >want <<'END'
M /changed
- /gone/
- /gone/below/
- /gone/below/f
T /kind/
M /link
U /mode
+ /new
U /time
T /turns
END
diff want got || fail "the list differs"
[ "$(tail -1 out)" = '1 added, 3 removed, 2 changed, 2 of another type, 2 metadata only; +6 B -6 B' ] || fail "$(tail -1 out)"

# The other way round, and with itself; whole snapshots and single files.
"$TUSK" diff -q latest latest~1 | grep >/dev/null "^+ $dir/src/gone/below/f$" || fail "reversed"
[ -z "$("$TUSK" diff -q latest latest)" ] || fail "a snapshot differs from itself"
[ "$("$TUSK" diff latest latest)" = "no difference" ] || fail "$("$TUSK" diff latest latest)"
[ "$("$TUSK" diff -q "latest~1:$dir/src/changed" "latest:$dir/src/changed")" = "M $dir/src/changed" ] || fail "a file"
expect_exit 1 "$TUSK" diff latest "latest:/nothing"
