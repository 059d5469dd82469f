#!/usr/bin/env bash
# A pipeline that runs: hooks, backups, limits, what fails and what goes on, status, figures, true exit statuses.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
export TUSK_KEY_FILE=$dir/key
mkdir src && for n in 1 2 3 4; do head -c 20000 /dev/urandom >"src/$n"; done
"$TUSK" init main >/dev/null
write() { # write LINE...: the pipeline, with more lines for the source "files"
  cat >p.yaml <<EOF2
version: 1
name: test
sources:
  - name: files
    paths: $dir/src
    before: 'echo "before \$TUSK_PIPELINE \$TUSK_SOURCE" >>$dir/log'
    after: 'echo after >>$dir/log'
    on-failure: 'echo failed >>$dir/log'
$(printf '    %s\n' "$@")
  - {name: dump, command: "cat $dir/src/1", file: one}
nodes:
  - {name: main, url: $dir/main}
verify: {structure: daily, data: 50% daily}
alert: {max-age: 36h, min-copies: 1, metrics-file: $dir/test.prom, on-failure: 'echo "alarm \$TUSK_STATUS" >>$dir/log'}
EOF2
}
run() { expect_exit "$1" "$TUSK" run p.yaml; }
said() { grep -qE "$1" out || fail "no \"$1\": $(cat out)"; }
value() { awk -v name="$1" '$1 == name { print $2 }' test.prom; }

write 'require: {min-files: 2, max-removed: 50%}'
run 0
said '^  back up files +snapshot [0-9a-f]{8}, 4 files, .* stored'
said '^  back up dump +snapshot [0-9a-f]{8}, 1 file, '
said '^  check main +no damage, .* read'
said '^test: 5 of 5 steps done, all is well$'
[ "$(cat log)" = $'before test files\nafter' ] || fail "hooks: $(cat log)"
cmp <("$TUSK" -r main cat latest:/one) src/1 || fail "the output of the command"
"$TUSK" -r main --json snapshots | python3 -c '
import json, sys
found = {s["source"]: s for s in map(json.loads, sys.stdin)}
assert set(found) == {"files", "dump"}, found
assert found["files"]["provenance"] == ["pipeline", "test", "node", "main"], found' || fail "the snapshot says nothing of its origin"

# Again: proofs are not due, status is good, figures are there.
run 0
! grep -q 'check main' out || fail "a proof that was not due"
expect_exit 0 "$TUSK" status p.yaml
said '^  newest    ok +files .* \([0-9]+ s ago\), goal: within 36 h$'
said '^  nodes     ok +main: 4 snapshots$'
said '^  proofs    ok +main: structure .* ago$'
said ' 0 missed$'
[ "$(value 'tusk_last_run_exit_code{pipeline="test"}')" = 0 ] || fail "$(cat test.prom)"
[ "$(value 'tusk_copies{pipeline="test",source="dump"}')" = 1 ] || fail "$(cat test.prom)"
[ "$(value 'tusk_node_snapshots{pipeline="test",node="main"}')" = 4 ] || fail "$(cat test.prom)"
expect_exit 0 "$TUSK" pipeline graph --status p.yaml
said '>4 snapshots<'

# Most of the source is gone: saved, not believed.
rm src/[234]
: >log
run 5
said '^  back up files +FAILED: saved, but it has less than the source requires'
said '^  after files +not done$'
[ "$(cat log)" = $'before test files\nfailed\nalarm 5' ] || fail "hooks: $(cat log)"
[ "$(value 'tusk_last_run_exit_code{pipeline="test"}')" = 5 ] || fail "$(cat test.prom)"

# A command that fails makes no snapshot, and the other source goes on.
sed -i "s|cat $dir/src/1|cat $dir/src/1; exit 3|" p.yaml
sed -i '/require:/d' p.yaml
run 1
said '^  back up files +snapshot'
said '^  back up dump +FAILED: exit 1: backup failed: .* status 3'
# A hook before that fails: no backup of this source.
write "before: 'exit 9'" && sed -i '0,/before: .echo/{/before: .echo/d}' p.yaml
: >log
run 1
said '^  before files +FAILED: exit 9'
said '^  back up files +not done$'
said '^  back up dump +snapshot'
grep -qx failed log || fail "hooks: $(cat log)"
expect_exit 1 "$TUSK" run --json p.yaml
python3 - <<'EOF2' || fail "JSON: $(cat out)"
import json
lines = [json.loads(line) for line in open("out")]
steps = {line["step"]: line["exit"] for line in lines if line["type"] == "step"}
assert steps["before files"] == 9 and steps["back up files"] == -1 and steps["back up dump"] == 0, steps
assert lines[-1]["type"] == "summary" and lines[-1]["exit"] == 1, lines[-1]
EOF2

# Unreadable is 3 and no more than that; a goal that is missed is 5; no repository is 10; no password is 12.
write 'tags: [nightly]'
if [ "$(id -u)" != 0 ]; then
  : >src/secret && chmod 0 src/secret
  run 3
fi
rm -rf src/secret
sed -i "s|$dir/main}|$dir/main, when-present: true}|" p.yaml
mv main away
: >log
run 0
said '^  main +not there$'
expect_exit 5 "$TUSK" status p.yaml
said '^  newest    MISSED  files: there is no snapshot$'
said '^  nodes     away    main: not there, last '
sed -i 's|, when-present: true||' p.yaml
run 10
expect_exit 5 "$TUSK" status p.yaml
said '^  nodes     MISSED  '
mv away main
expect_exit 12 env -u TUSK_KEY_FILE "$TUSK" run p.yaml
expect_exit 12 env -u TUSK_KEY_FILE "$TUSK" status p.yaml
sed -i "1a key-file: $dir/key" p.yaml
expect_exit 0 env -u TUSK_KEY_FILE "$TUSK" run p.yaml

# A monitor hears of each run: its beginning, its end, how it ended. What a server cannot answer is a warning and no more.
cat >monitor.py <<'EOF2'
import http.server, sys
class Monitor(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open("heard", "a") as heard:
            heard.write(self.path + " " + body.strip() + "\n")
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Monitor)
print(server.server_port, flush=True)
server.serve_forever()
EOF2
mkfifo port
python3 monitor.py >port &
monitor=$!
trap 'status=$?; set +e; kill $monitor 2>/dev/null || true; (exit $status); cleanup' EXIT
read -r at <port
sed -i "s|alert: {|alert: {ping-url: 'http://127.0.0.1:$at/ping/?id=home', |" p.yaml
run 0
[ "$(cat heard)" = $'/ping/start?id=home \n/ping/?id=home test: 4 steps succeeded, exit 0' ] || fail "$(cat heard)"
: >heard
sed -i "s|/ping/?|/broken?|; s|command: \"cat|command: \"false; cat /nonexistent/|" p.yaml
run 1
[ "$(cut -d' ' -f1 heard)" = $'/broken/start?id=home\n/broken/1?id=home' ] || fail "$(cat heard)"
grep -qx 'tusk: run: ping-url: the answer is HTTP 500' err || fail "$(cat err)"
kill $monitor
wait $monitor 2>/dev/null || true
run 1
grep -q 'run: ping-url: .*connect' err || fail "$(cat err)"
sed -i "s|ping-url: [^,]*, ||; s|false; cat /nonexistent/|cat|" p.yaml
run 0

# Only one run at a time; a run that is killed leaves nothing that stops the next.
mkfifo ready go
sed -i "s|before: .*|before: 'echo >$dir/ready; read -r line <$dir/go'|" p.yaml
"$TUSK" run p.yaml >first 2>&1 &
first=$!
read -r _ <ready
expect_exit 11 "$TUSK" run p.yaml
kill -KILL $first
wait $first || true
sed -i '/before:/d' p.yaml
run 0
