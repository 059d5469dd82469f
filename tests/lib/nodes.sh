# shellcheck shell=bash
# Several nodes of one repository: source common.sh first.
: "${dir:?common.sh comes first}"

# The nodes and their folders: three_nodes makes $dir/repo (local), $dir/usb, $dir/shelf.
three_nodes() {
  make_repository "$@"
  "$TUSK" node add usb "$dir/usb" --init >/dev/null
  "$TUSK" node add shelf "$dir/shelf" --init >/dev/null
  "$TUSK" sync >/dev/null
}

# The immutable objects of a node, one name a line.
objects_of() { (cd "$1" && find . -type f | sed -nE 's#^\./((keys|packs|toc|snapshots|nodes|marks|forgotten)/.*)#\1#p' | sort); }

# expect_equal_nodes NODE...: the same objects with the same bytes everywhere.
expect_equal_nodes() {
  local node first=$1
  (cd "$first" && objects_of . | xargs sha256sum) >"${dir:?}/first.sums"
  for node in "${@:2}"; do
    diff "$dir/first.sums" <(cd "$node" && objects_of . | xargs sha256sum) >&2 || fail "$node is not equal to $first"
  done
}

# damage FILE: flips a byte in its middle.  cut FILE: takes its second half away.
damage() {
  local at=$(($(stat -c %s "$1") / 2)) byte
  chmod u+w "$1"
  byte=$(dd if="$1" bs=1 skip=$at count=1 status=none | od -An -tu1)
  # shellcheck disable=SC2059 # the octal number is the format
  printf "\\$(printf %03o $((byte ^ 255)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}
cut_half() { chmod u+w "$1" && truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }

# A place is a folder of this machine, or s3+http://HOST:PORT/BUCKET/PREFIX (then ceph.sh has been sourced).
# take PLACE OBJECT FILE, give PLACE OBJECT FILE, lose PLACE OBJECT: reads, writes over, removes one object past tusk.
take() {
  case $1 in
    s3+http://*) python3 "${tests:?}/lib/s3raw.py" GET "${1#s3+http://}/$2" "$3" ;;
    *) cp "$1/$2" "$3" ;;
  esac
}
give() {
  case $1 in
    s3+http://*) python3 "${tests:?}/lib/s3raw.py" PUT "${1#s3+http://}/$2" "$3" ;;
    *) rm -f "$1/$2" && cp "$3" "$1/$2" ;;
  esac
}
lose() {
  case $1 in
    s3+http://*) python3 "${tests:?}/lib/s3raw.py" DELETE "${1#s3+http://}/$2" ;;
    *) rm "$1/$2" ;;
  esac
}

# harm PLACE OBJECT damage|cut_half|lose: one object, wherever it lies.
harm() {
  if [ "$3" = lose ]; then
    lose "$1" "$2"
    return
  fi
  take "$1" "$2" "$dir/harmed"
  $3 "$dir/harmed"
  give "$1" "$2" "$dir/harmed"
}
