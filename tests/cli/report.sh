#!/usr/bin/env bash
# The report: well-formed, self-contained, true figures; drawn by a browser where there is one.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir -p src/'<b>&"photos' src/music
head -c 600000 /dev/urandom >src/'<b>&"photos'/one && head -c 300000 /dev/urandom >src/music/a && cp src/music/a src/music/b
cp src/music/a src/'<b>&"photos'/shared
for day in 5 4 3 2 1; do
  echo $day >src/note
  "$TUSK" backup -q --source home --provenance pipeline=test --time "@$(($(date +%s) - day * 86400))" src >/dev/null
done
cat >test.yaml <<EOF2
version: 1
sources: [{name: home, paths: $dir/src}]
nodes: [{name: main, url: $dir/repo}]
alert: {max-age: 36h, min-copies: 1}
EOF2
well_formed() {
  python3 - "$1" <<'EOF2' || fail "the page $1 is not well-formed or needs something else"
import re, sys
import xml.etree.ElementTree as tree
text = open(sys.argv[1], encoding="utf-8").read()
assert text.startswith("<!DOCTYPE html>\n")
root = tree.fromstring(text.split("\n", 1)[1])
for element in root.iter():
    assert not element.tag.endswith(("script", "link", "img", "iframe")), element.tag
    for name, value in element.attrib.items():
        assert not name.startswith("on") and "http:" not in value and "https:" not in value, (name, value)
assert not re.search(r"url\(|@import", text)
titles = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")] + [t.text for t in root.iter("title")]
assert "Growth over time" in titles and "Days with snapshots" in titles, titles
names = [t for t in titles if t and t.endswith('/<b>&"photos: 586 KiB')]
assert names, titles   # what it shares with music is not its own
assert sum(": 1 snapshot" in t for t in titles if t) >= 5, titles
EOF2
}
expect_exit 0 "$TUSK" report --output page.html test.yaml
well_formed page.html
grep -q '>5 snapshots<' page.html || fail "the flow has no figures"
expect_exit 0 "$TUSK" report
cp out alone.html
well_formed alone.html
"$TUSK" init --key-file "$dir/key" "$dir/empty" >/dev/null 2>&1 || true
expect_exit 1 "$TUSK" report -o nowhere/page.html
[ ! -e nowhere ] || fail "something was left"

# Origin: parents and nodes.
expect_exit 0 "$TUSK" lineage latest
grep -qx '  source    home' out || fail "$(cat out)"
[ "$(grep -cE '^  (parents  |         ) [0-9a-f]{8}  20' out)" = 4 ] || fail "$(cat out)"
grep -qE "^  nodes     [a-z]+ +yes +$dir/repo$" out || fail "$(cat out)"

browser=$(command -v chromium || true)
[ -n "$browser" ] || skip "chromium is not installed (all but the page in a browser was tested)"
for size in 1160,1600 400,1600; do
  "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$dir/profile" --screenshot="$dir/page.png" \
    --window-size=$size "file://$dir/page.html" >browser.log 2>&1 || skip "chromium does not run here"
  [ "$(stat -c %s page.png)" -gt 20000 ] || fail "the picture of the page is empty"
done
"$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$dir/profile" --dump-dom "file://$dir/page.html" >dom.html 2>/dev/null
[ "$(grep -o '<svg' dom.html | wc -l)" = 4 ] || fail "the browser does not see four pictures"
