# shellcheck shell=bash
# A real S3 service for tests: Ceph's gateway with one monitor and one store in memory, from the packages ceph-mon, ceph-osd and radosgw. Source
# common.sh first. Any user can run it; it listens on 127.0.0.1 only and touches nothing outside $dir.
: "${dir:?common.sh comes first}"
PATH=$PATH:/usr/sbin:/sbin

export AWS_ACCESS_KEY_ID=testkey0000000000001 AWS_SECRET_ACCESS_KEY=testsecret00000000000000000000000000001
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_CA_BUNDLE AWS_SHARED_CREDENTIALS_FILE || true

# Says why not and skips, unless the gateway is installed.
need_ceph() {
  local program
  for program in ceph-mon ceph-osd radosgw ceph monmaptool; do
    command -v "$program" >/dev/null || skip "$program is not installed (packages ceph-mon ceph-osd radosgw): nothing was tested against a real S3 service"
  done
}

# free_ports COUNT: so many ports that nobody listens on, below those that the kernel hands out.
free_ports() {
  python3 - "$1" <<'PYTHON'
import random, socket, sys
wanted, found = int(sys.argv[1]), []
while len(found) < wanted:
    port = random.randrange(10000, 30000)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    if port not in found:
        found.append(port)
print(*found)
PYTHON
}

ceph_folders=()

# ceph_configure FOLDER GATEWAY-PORT MONITOR-PORT MONITOR-PORT-1 [GATEWAY-OPTIONS]
ceph_configure() {
  local at=$1
  cat >"$at/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = [v2:127.0.0.1:$3,v1:127.0.0.1:$4]
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = 30000
ms bind port max = 32700
run dir = $at/run
log file = $at/log/\$name.log
admin socket = $at/run/\$name.asok
pid file =
crash dir = $at/log
keyring = $at/keyring
mon data = $at/mon
osd data = $at/osd
rgw data = $at/rgw
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd op num shards = 2
osd heartbeat grace = 600
osd objectstore = memstore
memstore device bytes = 4294967296
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 2
mon data avail crit = 1
mon osd full ratio = 0.96
mon tick interval = 1
paxos propose interval = 0.02
paxos min wait = 0.01
debug default = 0
[client.rgw]
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:$2 ${ceph_frontend:-}
rgw thread pool size = 32
rgw enable usage log = false
rgw enable ops log = false
rgw lc debug interval = -1
rgw dns name = s3.localhost
${5:-}
CONF
  printf '[mon.]\n\tkey = AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\tcaps mon = "allow *"\n' >"$at/keyring"
}

# ceph_launch FOLDER NAME COMMAND...: a daemon in the foreground of its own session, its number in FOLDER/run/NAME.pid.
ceph_launch() {
  local at=$1 name=$2
  shift 2
  setsid "$@" >"$at/log/$name.out" 2>&1 </dev/null &
  echo $! >"$at/run/$name.pid"
  # From here on ceph_alive can tell it by its command line.
  until ceph_alive "$at" "$name" || ! kill -0 $! 2>/dev/null; do sleep 0.01; done
  disown
}

# ceph_alive FOLDER NAME: the daemon that we started, not another with its number.
ceph_alive() {
  local pid
  pid=$(cat "$1/run/$2.pid" 2>/dev/null) || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -F >/dev/null -- "-c $1/ceph.conf"
}

# ceph_await FOLDER PORT: until the gateway answers.
ceph_await() {
  local n name
  for ((n = 0; n < 600; n++)); do
    for name in mon osd rgw; do
      ceph_alive "$1" $name || { tail -5 "$1/log/$name.out" >&2; fail "$name of the S3 service died"; }
    done
    if python3 -c "import http.client as h; c = h.HTTPConnection('127.0.0.1', $2, timeout=5); c.request('GET', '/'); exit(c.getresponse().status != 200)" 2>/dev/null; then
      return
    fi
    sleep 0.1
  done
  fail "the S3 service does not answer: $(tail -3 "$1/log/rgw.out")"
}

# ceph_gateway FOLDER: starts the gateway (again) and waits for it.
ceph_gateway() {
  ceph_launch "$1" rgw radosgw -c "$1/ceph.conf" -n client.rgw -f
  ceph_await "$1" "$(cat "$1/port")"
}

# start_ceph NAME [GATEWAY-OPTIONS]: a service of its own at http://127.0.0.1:$ceph_port, in the folder $ceph_dir; ended with the test.
start_ceph() {
  local uuid ports
  ceph_dir=$dir/ceph-$1
  mkdir -p "$ceph_dir"/{mon,osd,rgw,run,log}
  read -r -a ports <<<"$(free_ports 3)"
  ceph_port=${ports[0]}
  echo "$ceph_port" >"$ceph_dir/port"
  ceph_folders+=("$ceph_dir")
  trap end_ceph EXIT
  ceph_configure "$ceph_dir" "${ports[@]}" "${2:-}"
  export CEPH_ARGS=
  monmaptool --create --clobber --fsid "$(sed -n 's/^fsid = //p' "$ceph_dir/ceph.conf")" \
    --addv a "[v2:127.0.0.1:${ports[1]},v1:127.0.0.1:${ports[2]}]" "$ceph_dir/monmap" >"$ceph_dir/log/monmap.out"
  ceph-mon -c "$ceph_dir/ceph.conf" --mkfs -i a --monmap "$ceph_dir/monmap" >"$ceph_dir/log/mon.out" 2>&1
  ceph_launch "$ceph_dir" mon ceph-mon -c "$ceph_dir/ceph.conf" -i a -f
  uuid=$(cat /proc/sys/kernel/random/uuid)
  timeout 60 ceph -c "$ceph_dir/ceph.conf" osd new "$uuid" 0 >/dev/null
  ceph-osd -c "$ceph_dir/ceph.conf" -i 0 --mkfs --osd-uuid "$uuid" >"$ceph_dir/log/osd.out" 2>&1
  ceph_launch "$ceph_dir" osd ceph-osd -c "$ceph_dir/ceph.conf" -i 0 -f
  ceph_gateway "$ceph_dir"
  radosgw-admin -c "$ceph_dir/ceph.conf" -n client.rgw --admin-socket= user create --uid=test --display-name=test \
    --access-key="$AWS_ACCESS_KEY_ID" --secret-key="$AWS_SECRET_ACCESS_KEY" --max-buckets=0 >"$ceph_dir/log/user.out" 2>&1 ||
    fail "the S3 service has no user: $(cat "$ceph_dir/log/user.out")"
}

# ceph_signal FOLDER NAME SIGNAL: to mon, osd or rgw. After KILL it is gone when this returns.
ceph_signal() {
  local pid
  ceph_alive "$1" "$2" || return 0
  pid=$(cat "$1/run/$2.pid")
  kill "-$3" "$pid"
  [ "$3" != KILL ] || while ceph_alive "$1" "$2"; do sleep 0.02; done
}

# Nothing in the services is worth a clean end.
stop_ceph() {
  local at name
  for at in ${ceph_folders[@]+"${ceph_folders[@]}"}; do
    for name in rgw osd mon; do ceph_signal "$at" $name KILL; done
  done
}

# What the shell does at the end of a test that has started a service.
end_ceph() {
  local status=$?
  set +e
  stop_ceph
  (exit $status)
  cleanup
}
