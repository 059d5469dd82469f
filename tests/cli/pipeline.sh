#!/usr/bin/env bash
# The pipeline file: what is wrong is named with line and column; explain, graph and units say what is in it.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
top=$(cd "$tests/.." && pwd)

# refused LINE: what stands on standard input is refused with exactly that line and exit 2.
refused() {
  cat >home.yaml
  expect_exit 2 "$TUSK" pipeline check home.yaml
  [ "$(cat err)" = "$1" ] || fail "$(cat err) instead of $1"
  [ ! -s out ] || fail "something on standard output: $(cat out)"
}
good_tail='nodes:
  - {name: a, url: /srv/a}'
good_sources='sources:
  - {name: home, paths: /home}'

refused 'home.yaml:4:5: unknown key "pahts"; did you mean "paths"?' <<EOF2
version: 1
sources:
  - name: home
    pahts: [/home]
$good_tail
EOF2
refused 'home.yaml:3:1: unknown key "schedul"; did you mean "schedule"?' <<EOF2
version: 1
repository: /srv/a
schedul: daily
EOF2
refused 'home.yaml:4:23: one-file-system: expected true or false, found "maybe"' <<EOF2
version: 1
sources:
  - {name: home, paths: /home,
     one-file-system: maybe}
$good_tail
EOF2
refused 'home.yaml:3:25: paths: expected a text or a list of texts, found a mapping' <<EOF2
version: 1
sources:
  - {name: home, paths: {a: b}}
EOF2
refused 'home.yaml:2:10: sources: expected a list' <<EOF2
version: 1
sources: home
EOF2
refused 'home.yaml:5:5: duplicate name "home": the first is in line 3' <<EOF2
version: 1
$good_sources
nodes:
  - {name: home, url: /srv/a}
EOF2
refused 'home.yaml:4:1: key "version" is given twice; the first is in line 1' <<EOF2
version: 1
$good_sources
version: 1
EOF2
refused 'home.yaml:6:42: unknown input "hom"; did you mean "home"?' <<EOF2
version: 1
$good_sources
$good_tail
  - {name: b, url: ssh://nas/srv, input: hom}
EOF2
refused 'home.yaml:5:35: cycle: a -> b -> a' <<EOF2
version: 1
$good_sources
nodes:
  - {name: a, url: /srv/a, input: b}
  - {name: b, url: /srv/b, input: a}
EOF2
refused 'home.yaml:7:35: cycle: b -> d -> c -> b' <<EOF2
version: 1
$good_sources
nodes:
  - {name: a, url: /srv/a}
  - {name: e, url: /srv/e, input: c}
  - {name: b, url: /srv/b, input: c}
  - {name: c, url: /srv/c, input: d}
  - {name: d, url: /srv/d, input: b}
EOF2
refused 'home.yaml:5:60: credentials-file "/nonexistent/s3.ini": No such file or directory' <<EOF2
version: 1
$good_sources
nodes:
  - {name: a, url: "s3://host/bucket/a", credentials-file: /nonexistent/s3.ini}
EOF2
refused 'home.yaml:3:5: source "home" goes to no node' <<EOF2
version: 1
sources:
  - {name: home, paths: /home}
  - {name: etc, paths: /etc}
nodes:
  - {name: a, url: /srv/a, input: etc}
EOF2
refused 'home.yaml:6:12: schedule: expected a time such as "hourly", "daily 02:30", "weekly sunday 03:00" or "monthly 1 04:00", found "daily 25:00"' <<EOF2
version: 1
$good_sources
$good_tail
schedule:  daily 25:00
EOF2
refused 'home.yaml:6:7: keep: this would remove every snapshot; to keep all: all' <<EOF2
version: 1
$good_sources
$good_tail
keep: {last: 0}
EOF2
refused 'home.yaml:6:5: node "b" is a copy of "a", with all of it; for a keep of its own, its input must be sources' <<EOF2
version: 1
$good_sources
$good_tail
  - {name: b, url: /srv/b, input: a, keep: {last: 3}}
EOF2
refused 'home.yaml:6:19: ping-url: expected http://... or https://...' <<EOF2
version: 1
$good_sources
$good_tail
alert: {ping-url: ftp://hc.lan/ping}
EOF2
refused 'home.yaml:2:1: there is no version: write version: 1' <<EOF2

sources: [{name: home, paths: /home}]
$good_tail
EOF2
refused 'home.yaml:2:10: anchors and tags are not allowed' <<EOF2
version: 1
sources: &a [*a, *a]
EOF2
refused 'home.yaml:3:1: not valid YAML: did not find expected node content' <<EOF2
version: 1
sources: [
EOF2
{ printf 'version: 1\nsources: ' && head -c 200 /dev/zero | tr '\0' '['; } | refused 'home.yaml:2:25: nested too deeply'
head -c 300000 /dev/zero | tr '\0' '#' | refused 'tusk: home.yaml: larger than 256 KiB'
expect_exit 2 "$TUSK" pipeline check missing.yaml
grep -qx 'tusk: pipeline missing.yaml: No such file or directory' err || fail "$(cat err)"
expect_exit 2 "$TUSK" pipeline chek "$top/examples/pipeline.yaml"
grep -qx 'tusk: pipeline has no action "chek"; did you mean "check"?' err || fail "$(cat err)"
expect_exit 2 "$TUSK" --json pipeline check home.yaml
python3 -c 'import json,sys; e=json.loads(sys.stdin.read()); assert e["exit"] == 2 and e["message"].startswith("home.yaml: "), e' <err || fail "$(cat err)"

# The example: good, explained, drawn, scheduled.
example=$top/examples/pipeline.yaml
expect_exit 0 "$TUSK" pipeline check "$example"
[ "$(cat out)" = 'pipeline home is good: 3 sources, 5 nodes' ] || fail "$(cat out)"
expect_exit 0 "$TUSK" pipeline explain "$example"
sed 1d out | diff - "$tests/data/pipeline/explain.txt" || fail "explain says something else"

for shape in "$example" wide.yaml; do
  if [ "$shape" = wide.yaml ]; then
    # 60 nodes in a chain and a fan, with names that are markup
    { printf 'version: 1\nsources:\n  - {name: s, command: "echo <&>\\x22"}\nnodes:\n  - {name: n0, url: "/srv/<b>"}\n'
      for n in $(seq 1 60); do echo "  - {name: n$n, url: /srv/$n, input: n$((n / 2))}"; done; } >wide.yaml
  fi
  expect_exit 0 "$TUSK" pipeline graph "$shape"
  python3 - <<'EOF2' || fail "the picture of $shape"
import xml.etree.ElementTree as tree
ns = "{http://www.w3.org/2000/svg}"
root = tree.parse("out").getroot()
width, height = (float(x) for x in root.get("viewBox").split()[2:])
cards = [r for r in root.iter(ns + "rect") if r.get("class") == "pg-card"]
boxes = [tuple(float(r.get(k)) for k in ("x", "y", "width", "height")) for r in cards]
assert len(boxes) >= 7, boxes
for i, (x, y, w, h) in enumerate(boxes):
    assert 0 <= x and 0 <= y and x + w <= width and y + h <= height, ("outside", boxes[i])
    for X, Y, W, H in boxes[:i]:
        assert x + w <= X or X + W <= x or y + h <= Y or Y + H <= y, "two cards overlap"
EOF2
done
expect_exit 0 "$TUSK" pipeline graph --dot "$example"
for edge in '"nas" -> "cloud";' '"laptop" -> "usb" [style=dashed];'; do grep -qF "$edge" out || fail "$(cat out)"; done
expect_exit 0 "$TUSK" pipeline graph -o picture.svg "$example"
expect_exit 0 "$TUSK" pipeline graph "$example"
cmp out picture.svg || fail "the picture in a file differs"
expect_exit 1 "$TUSK" pipeline graph -o nowhere/picture.svg "$example"
grep -qx 'tusk: cannot write nowhere/picture.svg: No such file or directory' err || fail "$(cat err)"

mkdir units
expect_exit 0 "$TUSK" pipeline units -o units "$example"
grep -qx "ExecStart=\"$TUSK\" run \"$example\"" units/tusk-home.service || fail "$(cat units/tusk-home.service)"
grep -qx 'OnCalendar=\*-\*-\* 02:30:00' units/tusk-home.timer || fail "$(cat units/tusk-home.timer)"
if command -v systemd-analyze >/dev/null; then
  systemd-analyze verify --man=no units/tusk-home.service units/tusk-home.timer >messages 2>&1 || grep -v 'No such file' messages >&2 || true
  ! grep -E 'tusk-home\.(service|timer):[0-9]+' messages || fail "systemd does not like the units"
fi
