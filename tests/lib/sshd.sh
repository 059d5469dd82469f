# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of the tests that source this file, and of common.sh
# A real sshd for one test: its own configuration, keys and port on 127.0.0.1, below $dir; nothing of the system's is read or written.
# After start_sshd, ssh://node/PATH is this machine (and ssh://forced/PATH the same with the forced command in $forced_command).

forced_command=
sshd_pid=
sshd_listen=127.0.0.1
sshd_programs=(sshd ssh ssh-keygen)

need_sshd() {
  local program
  PATH=$PATH:/usr/sbin
  for program in "${sshd_programs[@]}"; do
    command -v "$program" >/dev/null || skip "$program is not installed (packages openssh-server and openssh-client)"
  done
  [ "$(id -u)" != 0 ] || [ -d /run/sshd ] || mkdir -m 0755 /run/sshd
}

# Ends the listener and the connections it made.
stop_sshd() {
  local pid=$sshd_pid child children=()
  [ -n "$pid" ] || return 0
  sshd_pid=
  mapfile -t children < <(pgrep -P "$pid" || true)
  kill "$pid" 2>/dev/null || true
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  timeout 10 tail --pid="$pid" -f /dev/null || true
}

at_exit() {
  local status=$?
  set +e
  stop_sshd
  (exit $status)
  cleanup
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

write_sshd_files() {
  local key
  [ -d "$dir/sshd" ] || mkdir -m 700 "$dir/sshd"
  for key in host user forced; do
    [ -e "$dir/sshd/$key" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir/sshd/$key"
  done
  cat >"$dir/sshd/config" <<CONFIG
ListenAddress $sshd_listen
Port $sshd_port
PidFile none
HostKey $dir/sshd/host
AuthorizedKeysFile $dir/sshd/authorized_keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 100
Subsystem sftp internal-sftp
CONFIG
  cat "$dir/sshd/user.pub" >"$dir/sshd/authorized_keys"
  printf 'restrict,command="%s" %s\n' "${forced_command//\"/\\\"}" "$(cat "$dir/sshd/forced.pub")" >>"$dir/sshd/authorized_keys"
  printf '[127.0.0.1]:%s %s\n' "$sshd_port" "$(cut -d' ' -f1,2 "$dir/sshd/host.pub")" >"$dir/sshd/known_hosts"
}

# write_ssh_config PORT: what our ssh uses; another port than sshd's for a proxy.
write_ssh_config() {
  cat >"$dir/sshd/ssh_config" <<CONFIG
Host *
  HostName $sshd_listen
  HostKeyAlias [127.0.0.1]:$sshd_port
  Port $1
  User $(id -un)
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $dir/sshd/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ControlPath none
  LogLevel ERROR
Host node
  IdentityFile $dir/sshd/user
Host forced
  IdentityFile $dir/sshd/forced
CONFIG
}

# Sets TUSK_SSH_COMMAND and TUSK_REMOTE_COMMAND.
start_sshd() {
  local try
  trap at_exit EXIT
  for ((try = 0; try < 5; try++)); do
    sshd_port=${sshd_port:-$(free_port)}
    write_sshd_files
    write_ssh_config "$sshd_port"
    : >"$dir/sshd/log" # before the listener is started: it may be late, and the one before wrote the same
    "$(command -v sshd)" -D -e -f "$dir/sshd/config" >>"$dir/sshd/log" 2>&1 </dev/null &
    sshd_pid=$!
    # ssh itself waits for nothing: the listener is there when it has written so
    until grep -qs 'Server listening' "$dir/sshd/log"; do
      kill -0 "$sshd_pid" 2>/dev/null || break
    done
    if ssh -F "$dir/sshd/ssh_config" node true 2>"$dir/sshd/err"; then
      export TUSK_SSH_COMMAND="ssh -F $dir/sshd/ssh_config" TUSK_REMOTE_COMMAND=$TUSK
      return 0
    fi
    stop_sshd
    sshd_port=
  done
  cat "$dir/sshd/log" "$dir/sshd/err" >&2
  skip "sshd does not let $(id -un) in"
}
