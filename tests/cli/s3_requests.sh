#!/usr/bin/env bash
# A client that knows nothing yet asks a service, which charges for each request, no more than it must: every table of contents once, and where many
# packs are new one listing instead of a question for each.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/faults.sh
. "$tests/lib/faults.sh"
need_ceph
start_ceph one
start_faults "$ceph_port"
direct=s3+http://127.0.0.1:$ceph_port/bucket/p
proxied=s3+http://127.0.0.1:$faults_port/bucket/p
export TUSK_KEY_FILE=$dir/key
"$TUSK" -r "$direct" init >/dev/null
mkdir src
backups() {
  local i
  for ((i = 0; i < $1; i++)); do
    echo "$1 $i" >"src/$1-$i"
    "$TUSK" -r "$direct" backup --quiet src
  done
}
# asked PATTERN: for how many objects since mark. (An answer that is late may be asked for twice.)
mark() { lines=$(wc -l <faults.log); }
asked() { tail -n +$((lines + 1)) faults.log | grep -E "$1" | grep -oE '/(toc|packs)/[0-9a-f/]+' | sort -u | wc -l || true; }
packs() { "$TUSK" -r "$direct" stats --json | sed -n 's/.*"packs":\([0-9]*\).*/\1/p'; }
look() {
  mark
  XDG_STATE_HOME=$dir/other "$TUSK" -r "$proxied" ls "latest:$dir/src" >out
  diff <(ls src) <(sed 's/.* //' out) >/dev/null || fail "$(cat out)"
}

backups 18
count=$(packs)
[ "$count" -ge 18 ] || fail "$count packs"
look
[ "$(asked 'GET .*/toc/[0-9a-f]')" = "$count" ] || fail "$count packs, $(asked 'GET .*/toc/[0-9a-f]') tables of contents: $(cat faults.log)"
[ "$(asked 'HEAD .*/packs/')" = 0 ] || fail "$(asked 'HEAD .*/packs/') packs were asked for one by one"
# A few new ones are asked for.
backups 2
look
[ "$(asked 'HEAD .*/packs/')" = $(($(packs) - count)) ] || fail "$(asked 'HEAD .*/packs/') packs were asked for: $(tail -n +$((lines + 1)) faults.log)"
# Nothing new: no table of contents is read again.
look
[ "$(asked '/toc/[0-9a-f]|HEAD .*/packs/')" = 0 ] || fail "$(tail -n +$((lines + 1)) faults.log)"
