#!/usr/bin/env bash
# What became of a file and of a folder, over all snapshots.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository
day=1
snap() {
  "$TUSK" backup -q --time "2026-01-0${day}T00:00:00Z" "$@" "$dir/s" >/dev/null
  day=$((day + 1))
}
mkdir -p s/docs s/other
echo A >s/docs/file && touch -d 2025-01-01 s/docs/file && ln -s one s/docs/link
snap # 1
echo x >s/other/x
snap --source home # 2
echo BB >s/docs/file && ln -sfn two s/docs/link
snap # 3
chmod 600 s/docs/file
snap --host elsewhere # 4
rm s/docs/file
snap # 5
snap # 6
mkdir s/docs/file
snap # 7
echo C >s/docs/file/c
snap # 8
rm -r s/docs/file && echo A >s/docs/file
snap # 9

rows() { awk 'NR > 1 { print substr($1, 9), $4, $5, $6, $7, $8 }' out | sed 's/ *$//'; }
sha() { printf '%s\n' "$1" | sha256sum | cut -c1-64; }
expect_exit 0 "$TUSK" history "$dir/s/docs/file"
rows >got
cat >want <<END
01 2 + 2 B $(sha A)
03 1 M 3 B $(sha BB)
04 1 U 3 B $(sha BB)
05 2 -
07 1 + 0 B 0
08 1 M 2 B 1
09 1 T 2 B $(sha A)
END
diff want got || fail "the history of a file"

# A relative path, a link, a folder, the root.
cd s/docs && expect_exit 0 "$TUSK" history ./link && cd ../..
[ "$(awk 'NR > 1 { print $5, $NF }' out)" = "$(printf '%s\n' '+ one' 'M two')" ] || fail "the history of a link: $(cat out)"
expect_exit 0 "$TUSK" history "$dir/s/other"
[ "$(awk 'NR > 1 { print substr($1, 9), $4, $5 }' out)" = "$(printf '%s\n' '01 1 +' '02 8 M')" ] || fail "the history of a folder: $(cat out)"
expect_exit 0 "$TUSK" history /
[ "$(wc -l <out)" -ge 8 ] || fail "the history of the root: $(cat out)"

# Only some snapshots.
expect_exit 0 "$TUSK" history --host elsewhere "$dir/s/docs/file"
[ "$(rows)" = "04 1 + 3 B $(sha BB)" ] || fail "of one host: $(cat out)"
expect_exit 0 "$TUSK" history --source home "$dir/s/docs/file"
[ "$(rows)" = "02 1 + 2 B $(sha A)" ] || fail "of one source: $(cat out)"

# For programs.
expect_exit 0 "$TUSK" history --json "$dir/s/docs/file"
python3 - 3<out <<'EOF2' || fail "the JSON lines: $(cat out)"
import json
rows = [json.loads(line) for line in open(3)]
assert [r["change"] for r in rows] == ["+", "M", "U", "-", "+", "M", "T"], rows
assert [r["snapshots"] for r in rows] == [2, 1, 1, 2, 1, 1, 1]
assert rows[0]["sha256"] == rows[6]["sha256"] != rows[1]["sha256"]
assert rows[0]["last_snapshot"] != rows[0]["snapshot"] and rows[1]["last_snapshot"] == rows[1]["snapshot"]
assert "size" not in rows[3] and rows[4]["kind"] == "directory" and rows[4]["tree"] != rows[5]["tree"]
EOF2

expect_exit 1 "$TUSK" history "$dir/s/nothing"
grep -q "history: $dir/s/nothing: no snapshot has it" err || fail "$(cat err)"
expect_exit 2 "$TUSK" history "$dir/s/../s"
expect_exit 2 "$TUSK" history
