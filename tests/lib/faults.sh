# shellcheck shell=bash
# A proxy between a client and a service that breaks what it is told to (tests/lib/faultproxy.c). Source common.sh and ceph.sh first.
: "${dir:?common.sh comes first}"
faults_pid=

# start_faults SERVER-PORT: the proxy listens on $faults_port; what it did is in $dir/faults.log.
start_faults() {
  : >"$dir/faults.log"
  "$TUSK_BUILD/tests/faultproxy" "$1" "$dir/faults" >"$dir/faults.log" 2>&1 &
  faults_pid=$!
  disown
  trap end_faults EXIT
  while ! faults_port=$(sed -n 1p "$dir/faults.log") || [ -z "$faults_port" ]; do
    kill -0 $faults_pid 2>/dev/null || fail "the fault proxy does not start: $(cat "$dir/faults.log")"
    sleep 0.02
  done
}

# faults LINE...: from now on these rules, and no others.
faults() {
  printf '%s\n' "$@" >"$dir/faults.new"
  mv "$dir/faults.new" "$dir/faults"
}

# faults_done ACTION: how often it was carried out since the proxy started.
faults_done() { grep -c " $1\$" "$dir/faults.log" || true; }

end_faults() {
  local status=$?
  set +e
  [ -z "$faults_pid" ] || kill "$faults_pid" 2>/dev/null || true
  (exit $status)
  end_ceph
}
