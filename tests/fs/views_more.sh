#!/usr/bin/env bash
# The views by source, by time, and for Samba.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir -p home/anna home/ben
echo 1 >home/anna/file
make_repository
"$TUSK" backup -q --time 2026-01-02T03:04:05Z --source home "$dir/home" >/dev/null
echo 2 >home/anna/file
"$TUSK" backup -q --time 2026-01-03T03:04:04Z --source home "$dir/home/anna" "$dir/home/ben" >/dev/null
for _ in 1 2; do "$TUSK" backup -q --time 2026-01-03T03:04:05Z --source home "$dir/home/anna" >/dev/null; done
"$TUSK" backup -q --time 2026-01-04T03:04:05Z --source ../x "$dir/home" >/dev/null
"$TUSK" backup -q --time 2026-01-05T03:04:05Z "$dir/home" >/dev/null
mount_here

# sources/: rooted at the snapshot's root; a snapshot without a source is not there.
expect_equal "$(ls -A "$mnt/sources")" "$(printf '%s\n' .._x home)" "sources"
expect_equal "$(ls "$mnt/sources/home")" \
  "$(printf '%s\n' 2026-01-02T03-04-05Z 2026-01-03T03-04-04Z 2026-01-03T03-04-05Z 2026-01-03T03-04-05Z-2 latest)" "a source"
expect_equal "$(cat "$mnt/sources/home/2026-01-02T03-04-05Z$dir/home/anna/file")" 1 "a file of a source"
expect_equal "$(realpath "$mnt/sources/home/latest")" "$mnt/snapshots/2026-01-03T03-04-05Z-2" "latest of a source"

# at/: nothing is listed, everything is found.
expect_equal "$(ls -A "$mnt/at")" "" "names in at"
at() { expect_equal "$(readlink "$mnt/at/$1")" "../snapshots/$2" "at/$1"; }
at 2026-01-02 2026-01-02T03-04-05Z
at 2026-01-02T03:04 2026-01-02T03-04-05Z
at 2026-01-03T03-04-03 2026-01-02T03-04-05Z
at 2026-01-03T03-04-04 2026-01-03T03-04-04Z
at 2026-01-03 2026-01-03T03-04-05Z-2
at today 2026-01-05T03-04-05Z
at yesterday 2026-01-05T03-04-05Z
at 3d 2026-01-05T03-04-05Z
at home@3d 2026-01-03T03-04-05Z-2
at latest 2026-01-05T03-04-05Z
expect_equal "$(cat "$mnt/at/2026-01-02$dir/home/anna/file")" 1 "a file at a time"
cp -r "$mnt/at/2026-01-02/" copy
expect_equal "$(cat "copy$dir/home/anna/file")" 1 "a copy of a time"
for name in 2026-01-01 2026-13-01 nonsense 7f3a @ home@ nobody@today; do
  expect_error 'No such file' stat "$mnt/at/$name"
done
# The kernel does not keep a name for ever: what it means changes.
"$TUSK" backup -q --time 2026-01-02T05:00:00Z "$dir/home" >/dev/null
until [ "$(readlink "$mnt/at/2026-01-02")" = ../snapshots/2026-01-02T05-00-00Z ]; do sleep 0.05; done

# shadow/: rooted at the source's own folder, one a second.
expect_equal "$(ls "$mnt/shadow/home")" \
  "$(printf '%s\n' @GMT-2026.01.02-03.04.05 @GMT-2026.01.03-03.04.04 @GMT-2026.01.03-03.04.05)" "shadow copies"
expect_equal "$(cat "$mnt/shadow/home/@GMT-2026.01.02-03.04.05/anna/file")" 1 "a file of a shadow copy"
expect_equal "$(cat "$mnt/shadow/home/@GMT-2026.01.03-03.04.04/anna/file")" 2 "of two paths: rooted where they part"
expect_equal "$(cat "$mnt/shadow/home/@GMT-2026.01.03-03.04.05/file")" 2 "of one path: rooted there"
expect_equal "$(ls "$mnt/shadow/.._x/@GMT-2026.01.04-03.04.05")" "$(printf '%s\n' anna ben)" "names of a shadow copy"
expect_equal "$(find "$mnt/sources" "$mnt/shadow" "$mnt/at" -lname '/*' -print)" "" "absolute links among the views"

# .tusk/: the same snapshots as the companion lists; sizes are true; a new snapshot shows.
expect_equal "$(ls -A "$mnt/.tusk")" "$(printf '%s\n' metrics.prom snapshots.jsonl status.json)" "names in .tusk"
"$TUSK" backup -q --tag "$(printf 'quote"back\\slash\ttab')" --tag "$(printf 'not utf-8 \377')" --host 'h"\x' --source 'new
line' "$dir/home" >/dev/null
"$TUSK" snapshots --json >expected
until [ "$(wc -l <"$mnt/.tusk/snapshots.jsonl")" = "$(wc -l <expected)" ]; do sleep 0.05; done
cp -r "$mnt/.tusk" reports
for name in metrics.prom snapshots.jsonl status.json; do
  expect_equal "$(stat -c %s "$mnt/.tusk/$name")" "$(stat -c %s "reports/$name")" "size of $name"
done
python3 - reports expected <<'END' || fail "the reports are not right"
import json, re, sys
folder, expected = sys.argv[1:]
theirs = [json.loads(line) for line in open(expected)]
ours = [json.loads(line) for line in open(folder + "/snapshots.jsonl")]
assert len(ours) == len(theirs) > 3
for mine, other in zip(ours, theirs):
    for key in mine:
        assert mine[key] == other[key], (key, mine[key], other[key])
    assert {"id", "time", "paths", "files", "bytes", "command"} <= mine.keys()
status = json.load(open(folder + "/status.json"))
assert status["snapshots"] == len(ours) and status["newest"] == ours[-1]["id"], status
groups = {(s["host"], s["source"]) for s in ours}
assert {(s["host"], s["source"]) for s in status["sources"]} == groups
assert sum(s["snapshots"] for s in status["sources"]) == len(ours)
text = open(folder + "/metrics.prom").read()
line = re.compile(r'^([a-z_]+)(?:\{host="((?:[^"\\\n]|\\["\\n])*)",source="((?:[^"\\\n]|\\["\\n])*)"\})? (\d+)$')
seen = {}
for row in text.splitlines():
    if not row.startswith("# "):
        match = line.match(row)
        assert match, row
        seen.setdefault(match[1], []).append(match)
assert len(seen) == 9 and all(len(rows) == len(groups) for name, rows in seen.items() if name != "tusk_damaged_snapshots"), seen
assert sum(int(m[4]) for m in seen["tusk_snapshots"]) == len(ours)
END

# Without snapshots there is nothing, and no error.
unmount_here
export TUSK_REPOSITORY=$dir/repo2
"$TUSK" init >/dev/null
"$TUSKFS" "$dir/repo2" "$mnt"
for view in sources at shadow sums; do expect_equal "$(ls -A "$mnt/$view")" "" "$view of an empty repository"; done
expect_error 'No such file' stat "$mnt/at/today"
expect_equal "$(wc -c <"$mnt/.tusk/snapshots.jsonl")" 0 "snapshots of an empty repository"
python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["snapshots"] == 0' "$mnt/.tusk/status.json"
