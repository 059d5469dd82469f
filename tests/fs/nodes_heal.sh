#!/usr/bin/env bash
# Any one object damaged, cut or deleted on any one node (a folder, a host behind a real sshd, real S3 services), one at a time: what is read through
# the mount stays right, the node is healed, and the log lists exactly what was healed. With TUSK_TEST_FULL=1 every object in every way on four nodes,
# and again without a local one; else each object in one way on three.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
# shellcheck source=tests/lib/sshd.sh
. "$tests/lib/sshd.sh"
# shellcheck source=tests/lib/ceph.sh
. "${tests:?}/lib/ceph.sh"
# shellcheck source=tests/lib/nodes.sh
. "$tests/lib/nodes.sh"
need_fuse
need_sshd
need_ceph
full=${TUSK_TEST_FULL:-0}
start_sshd
start_ceph one
one=s3+http://127.0.0.1:$ceph_port/bucket/one
if [ "$full" = 1 ]; then
  start_ceph two
  two=s3+http://127.0.0.1:$ceph_port/bucket/two
fi
trap 'status=$?; set +e; stop_sshd; (exit $status); end_ceph' EXIT
export TUSK_KEY_FILE=$dir/key
declare -A url place

# new_repository NODE...: on these nodes, each in the same role, so that the one that is mounted is read first; with what was backed up in kept/.
new_repository() {
  local node
  url=([local]=$dir/repo [nas]=ssh://node$dir/nas [one]=$one [two]=${two:-})
  place=([local]=$dir/repo [nas]=$dir/nas [one]=$one [two]=${two:-})
  export TUSK_REPOSITORY=${url[$1]}
  "$TUSK" init >/dev/null
  "$TUSK" node add "$1" "${url[$1]}" --role local >/dev/null
  for node in "${@:2}"; do "$TUSK" node add "$node" "${url[$node]}" --init --role local >/dev/null; done
  rm -rf source kept
  mkdir -p source/deep kept
  for n in $(seq "$([ "$full" = 1 ] && echo 2 || echo 1)"); do
    head -c 300000 /dev/urandom >"source/large-$n"
    echo "small $n" >source/deep/small
    backup_of source
    cp -a source "kept/$n"
  done
  "$TUSK" sync >/dev/null
}

# read_all NODE: mounts that node, with nothing remembered; every snapshot that is shown must be what was backed up.
read_all() {
  local n=0 shown
  rm -rf "$XDG_STATE_HOME"
  "$TUSKFS" "${url[$1]}" "$mnt" || fail "no mount of $1"
  for shown in "$mnt"/snapshots/2*; do
    n=$((n + 1))
    diff -r "kept/$n" "$shown$dir/source" >&2 || fail "wrong bytes through $1"
  done
  [ "$n" = "$(find kept -mindepth 1 -maxdepth 1 | wc -l)" ] || fail "$n snapshots through $1"
  umount "$mnt"
  await_end "$(pgrep -f "tuskfs ${url[$1]} $mnt" || echo 0)"
}
healed() { sed -n 's/^[^ ]* healed //p' "$XDG_STATE_HOME"/tusk/*/nodes.log 2>/dev/null || true; }

# try NODE OBJECT HARM OTHER: OTHER has it intact (it is healed from whichever node answers first).
try() {
  harm "${place[$1]}" "$2" "$3"
  read_all "$1"
  [[ "$(healed)" =~ ^"$2 on $1 from "[a-z]+$ ]] || fail "$3 of $2 on $1: the log says: $(cat "$XDG_STATE_HOME"/tusk/*/nodes.log)"
  take "${place[$1]}" "$2" is
  take "${place[$4]}" "$2" should
  cmp is should || fail "$2 on $1 is not whole again after $3"
  tried=$((tried + 1))
}

# try_all NODE...: every pack, table of contents and manifest on each of them.
try_all() {
  local node other object harm number=0 harms=(damage cut_half lose)
  objects_of nas | grep -E '^(packs|toc|snapshots)/' >objects
  for node in "$@"; do
    other=$([ "$node" = "$1" ] && echo "$2" || echo "$1")
    while read -r object; do
      number=$((number + 1))
      for harm in "${harms[@]}"; do
        [ "$full" = 1 ] || [ "$harm" = "${harms[number % 3]}" ] || continue
        try "$node" "$object" "$harm" "$other"
      done
    done <objects
    # One more than the objects, so that the next node meets them in other ways.
    number=$((number + 1 + ($(wc -l <objects) % 3 == 2)))
    read_all "$node"
    [ -z "$(healed)" ] || fail "healed without damage: $(healed)"
  done
}

tried=0
if [ "$full" = 1 ]; then
  new_repository local nas one two
  try_all local nas one two
  rm -rf repo nas
  one=${one%/*}/again two=${two%/*}/again
  new_repository nas one two
  try_all nas one two
else
  new_repository local nas one
  try_all local nas one
fi
echo "$tried times one object of $(wc -l <objects) was damaged, cut or deleted on one node; each was read right and healed"

# One good copy is enough, wherever it is.
last=one
[ "$full" != 1 ] || last=two
pack=$(find nas/packs -type f -size +100k -printf '%P\n' | sed -n 1p)
for node in nas local one; do
  [ "$node" = "$last" ] || { [ "$node" = local ] && [ ! -e repo ]; } || harm "${place[$node]}" "packs/$pack" damage
done
read_all nas
[ "$(healed | sed 's/ from .*//' | sort -u | wc -l)" = "$(healed | wc -l)" ] || fail "healed twice: $(healed)"
healed | grep >/dev/null "^packs/$pack on nas from $last\$" || fail "$(healed)"
expect_exit 0 "$TUSK" check --all --data
