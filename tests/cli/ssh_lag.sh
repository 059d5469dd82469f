#!/usr/bin/env bash
# A repository 40 ms away. With TUSK_TEST_FULL=1 the figures of issue 5, beside restic over SFTP on the same way; the image has 1 GiB
# (TUSK_LAG_MIB).
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
need_sshd
start_sshd
export TUSK_REPOSITORY=ssh://node$dir/repo TUSK_KEY_FILE=$dir/key

# start_far DELAY-MS: ssh goes through a proxy with that delay each way.
proxy=
start_far() {
  local port
  port=$(free_port)
  : >proxy.log
  "$TUSK_BUILD/tests/lagproxy" "$port" "$sshd_port" "$1" >proxy.log &
  proxy=$!
  until grep -qs listening proxy.log; do kill -0 $proxy || fail "the proxy"; done
  write_ssh_config "$port"
}
stop_far() {
  kill $proxy
  write_ssh_config "$sshd_port"
}
# took NAME COMMAND...: its wall clock, also in $seconds.
took() {
  local name=$1 start=$EPOCHREALTIME
  shift
  "$@" >"$dir/took.out" 2>&1 || { cat "$dir/took.out" >&2; fail "$name"; }
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
  printf '%-44s %8s s\n' "$name" "$seconds"
}

if [ "${TUSK_TEST_FULL:-0}" != 1 ]; then
  # Small and quick: what is far is read through the cache, and a cache that rots is seen.
  mkdir source
  head -c 2000000 /dev/urandom >source/file
  expect_exit 0 "$TUSK" init
  expect_exit 0 "$TUSK" backup source
  rm -rf "$XDG_STATE_HOME"
  start_far 20
  expect_exit 0 "$TUSK" cat "latest:$dir/source/file"
  cmp out source/file
  cache=$(echo "$XDG_STATE_HOME"/tusk/*/cache)
  [ -n "$(find "$cache" -type f)" ] || fail "nothing is in the cache"
  find "$cache" -type f -exec sh -c 'printf rubbish | dd of="$1" bs=1 seek=1000 conv=notrunc status=none' _ {} \;
  expect_exit 0 "$TUSK" cat "latest:$dir/source/file"
  cmp out source/file
  stop_far
  exit 0
fi

need_fuse
command -v restic >/dev/null || skip "restic is not installed"
export RESTIC_PASSWORD=x RESTIC_CACHE_DIR=$dir/restic.cache
mkdir image tree mount
head -c $((${TUSK_LAG_MIB:-1024} << 20)) /dev/urandom >image/disk.img
for d in $(seq 90); do
  mkdir "tree/$d"
  for f in $(seq 50); do echo "file $f of $d" >"tree/$d/$f"; done
done
restic() { command restic -q -r "sftp:node:$dir/restic" -o sftp.command="ssh -F $dir/sshd/ssh_config node -s sftp" "$@"; }

start_far 20
took "tusk init" "$TUSK" init
took "restic init" restic init
took "tusk backup of the image" "$TUSK" backup image
ours=$seconds
took "restic backup of it" restic backup image
echo "factor $(awk -v a="$seconds" -v b="$ours" 'BEGIN { printf "%.2f", a / b }')"
for _ in 1 2 3; do
  took "tusk backup, unchanged" "$TUSK" backup image
  ours=$seconds
  took "restic backup, unchanged" restic backup image
  echo "factor $(awk -v a="$seconds" -v b="$ours" 'BEGIN { printf "%.2f", a / b }')"
done
took "tusk restore of the image" "$TUSK" restore --no-mount latest out1
took "restic restore of it" restic restore latest --target out2
took "tusk backup of 4,500 files" "$TUSK" backup tree
took "restic backup of them" restic backup tree
rm -rf "$XDG_STATE_HOME"
took "tusk mount, no state on this machine" "$TUSK" mount mount
took "first ls of a snapshot's folder" ls "mount/snapshots/latest$dir/tree"
took "find over 4,500 files" find mount/snapshots/latest/
[ "$(wc -l <took.out)" -ge 4500 ] || fail "find has found $(wc -l <took.out) names"
took "find -ls once more" find mount/snapshots/latest/ -ls
took "grep over 4,500 files" grep -r "file 7 of 7" mount/snapshots/latest
umount mount
stop_far
