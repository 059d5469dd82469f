#!/usr/bin/env bash
# examples/three-nodes.yaml as it is, but for its places: a folder and a program flow to a local folder, from there to a host behind a real sshd, from
# there to a real S3 service. Run again with the host gone, with the service gone, with both back; true exit statuses; each node restores alone.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"
need_sshd
need_ceph
start_sshd
start_ceph one
all_end() { trap 'status=$?; set +e; stop_sshd; (exit $status); end_ceph' EXIT; }
all_end
laptop=$dir/laptop nas=ssh://node$dir/nas cloud=s3+http://127.0.0.1:$ceph_port/bucket/household

mkdir -p documents/deep && echo small >documents/deep/small && echo letter >documents/letter && echo never >documents/left.tmp
head -c 3000000 /dev/urandom >documents/large && ln documents/large documents/link && ln -s letter documents/symlink
printf 'a dump of 1' >table
sed -e "s#/etc/tusk/household.key#$dir/key#" -e "s#/home/anna/documents#$dir/documents#" -e "s#pg_dump -Fc app#cat $dir/table#" \
  -e "s#url: /srv/backup#url: $laptop#" -e "s#ssh://backup@nas.lan/srv/tusk#$nas#" -e "s#s3://s3.example.net/bucket/household#$cloud#" \
  -e 's/daily: 30, weekly: 26, monthly: 24/last: 2/' "$tests/../examples/three-nodes.yaml" >home.yaml
! sed '/^#/d' home.yaml | grep -E '\.lan|example|/etc/|/srv' || fail "the example has places that the test does not know"
said() { grep -qE "$1" out || fail "no \"$1\": $(cat out err)"; }
# steps_are STEP=EXIT...: of the last run; -1: not done.
steps_are() {
  python3 - "$@" <<'PYTHON' || { cat out err >&2; fail "steps"; }
import json, sys
found = {s["step"]: s["exit"] for s in map(json.loads, open("out")) if s["type"] == "step"}
wanted = {k: int(v) for k, v in (a.rsplit("=", 1) for a in sys.argv[1:])}
assert found == wanted, (found, wanted)
PYTHON
}
"$TUSK" --key-file "$dir/key" init "$laptop" >/dev/null
unset TUSK_KEY_FILE

# The first run makes the other nodes, fills them and proves all three.
expect_exit 0 "$TUSK" run --json home.yaml
steps_are 'back up documents=0' 'back up database=0' 'forget on laptop=0' 'copy laptop to nas=0' 'copy nas to cloud=0' \
  'check laptop=0' 'check nas=0' 'check cloud=0' 'drill laptop=0' 'drill nas=0' 'drill cloud=0'
# The limit of the cloud held: 3 MB at 2 MB a second take more than a second.
python3 - <<'PYTHON' || fail "the cloud was filled faster than its limit: $(cat out)"
import json
times = {s["step"]: s["elapsed_ms"] for s in map(json.loads, open("out")) if s["type"] == "step"}
assert times["copy nas to cloud"] > 1000, times
PYTHON
expect_exit 0 "$TUSK" status home.yaml
for node in laptop nas cloud; do
  said "^ .* ok +$node: 2 snapshots\$"
  said "^ .* ok +$node: drill .* ago\$"
done
said '^  copies    ok +documents: 3 of the newest$'
said ' 0 missed$'

# The host dies. What is new is on the laptop and nowhere else: the cloud gets it from the host, not from the laptop.
stop_sshd
echo more >documents/more && printf 'a dump of 2' >table
expect_exit 14 "$TUSK" run --json home.yaml
steps_are 'back up documents=0' 'back up database=0' 'forget on laptop=0' 'copy laptop to nas=14' 'copy nas to cloud=-1'
expect_exit 5 "$TUSK" status home.yaml
said '^  copies    MISSED +documents: 1 of the newest, goal: more, remote 0 of 1, cloud 0 of 1$'
said '^ .* ok +laptop: 4 snapshots$'
said '^ .* MISSED +node nas: '
said '^ .* warn +cloud: 2 snapshots, 2 behind$'
said '^  last run  warn +.* exit 14$'
expect_exit 14 "$TUSK" run home.yaml
said '^  copy laptop to nas +FAILED: exit 14: .*nas'
said '^  copy nas to cloud +not done$'

# It is back: one run brings everything everywhere, and what the policy does not keep is gone from all nodes.
start_sshd
all_end
expect_exit 0 "$TUSK" run --json home.yaml
expect_exit 0 "$TUSK" status home.yaml
for node in laptop nas cloud; do said "^ .* ok +$node: 4 snapshots\$"; done

# The service dies, between two runs; the host goes on.
ceph_signal "$ceph_dir" rgw KILL
echo again >documents/again
TUSK_S3_PATIENCE=3 expect_exit 14 "$TUSK" run --json home.yaml
steps_are 'back up documents=0' 'back up database=0' 'forget on laptop=0' 'copy laptop to nas=0' 'copy nas to cloud=14'
TUSK_S3_PATIENCE=3 expect_exit 5 "$TUSK" status home.yaml
said '^ .* ok +nas: 4 snapshots$'
said '^ .* MISSED +node cloud: '
ceph_gateway "$ceph_dir"
expect_exit 0 "$TUSK" run home.yaml
said '^  copy nas to cloud +[1-4] snapshots?, '
said ', all is well$'
expect_exit 0 "$TUSK" status home.yaml

# Packs that only forgotten snapshots needed went with the second prune after the host's return.
expect_equal_nodes laptop nas

# Each node is drilled by itself: damage of one shows there and only there.
export TUSK_KEY_FILE=$dir/key
pack=$(cd nas && find packs -type f -size +2000k | head -1)
damage "nas/$pack"
expect_exit 4 "$TUSK" -r "$laptop" drill --from nas
grep -qE "^tusk: drill: node nas: $dir/documents/(large|link): " err || fail "$(cat err)"
for node in laptop cloud; do expect_exit 0 "$TUSK" -r "$laptop" drill --from $node; done
expect_exit 0 "$TUSK" -r "$laptop" check --heal --data
expect_exit 0 "$TUSK" -r "$laptop" drill

# Each node alone, nothing remembered, the others not asked; at last with nothing but the cloud.
restores() {
  rm -rf "$XDG_STATE_HOME" copy
  expect_exit 0 "$TUSK" -r "$1" --only "$1" restore "$("$TUSK" -r "$1" --only "$1" snapshots --json --source documents |
    sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p' | tail -1):$dir/documents" copy
  diff -r --no-dereference -x '*.tmp' documents copy || fail "restored from $1"
  [ ! -e copy/left.tmp ] || fail "an excluded file was restored"
  [ "$("$TUSK" -r "$1" --only "$1" cat "$("$TUSK" -r "$1" --only "$1" snapshots --json --source database |
    sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p' | tail -1):/app.dump")" = 'a dump of 2' ] || fail "the dump on $1"
}
for url in "$laptop" "$nas" "$cloud"; do restores "$url"; done
expect_exit 0 "$TUSK" -r "$cloud" lineage latest
grep -qE 'pipeline +household' out || fail "$(cat out)"
rm -rf laptop nas
stop_sshd
restores "$cloud"
