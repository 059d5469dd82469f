# shellcheck shell=bash
# Shared by the scripts here: where things are, and how missing packages are installed.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

# What builds and runs tusk, what its tests need beside that, and what the full check needs beside both.
build_packages="build-essential cmake ninja-build pkg-config fuse3 libfuse3-dev liblmdb-dev liblz4-dev libssl-dev libjansson-dev
  libarchive-dev libxxhash-dev"
test_packages="libcmocka-dev python3 attr acl libcap2-bin rsync tar util-linux procps mount"
check_packages="clang clang-format clang-tidy cppcheck shellcheck libclang-rt-14-dev libclang-rt-dev binutils git mandoc"
bench_packages="restic borgbackup casync squashfs-tools squashfuse erofs-utils fio time"

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# need PACKAGE...: installs those that are missing (as root), or says how (as anybody else). A package that this release of
# Debian does not have is passed over when another name for it is in the list (libclang-rt).
need() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    # those that no repository offers are not the user's problem
    mapfile -t missing < <(for package in "${missing[@]}"; do
      [ -z "$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v '(none)')" ] || echo "$package"; done)
    [ ${#missing[@]} -gt 0 ] || return 0
    printf 'Some packages are missing. Install them with:\n\n  sudo apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || die "apt-get update failed"
  mapfile -t missing < <(for package in "${missing[@]}"; do
    [ -z "$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v '(none)')" ] || echo "$package"; done)
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || die "apt-get install failed: ${missing[*]}"
}

# Whether this user can mount; prints why not.
can_mount() {
  [ -e /dev/fuse ] || { echo "/dev/fuse does not exist (modprobe fuse; in a container: --device /dev/fuse)"; return 1; }
  { : <>/dev/fuse; } 2>/dev/null || { echo "/dev/fuse cannot be opened by $(id -un)"; return 1; }
}

# configure FOLDER CMAKE-ARGS...; then build it.
build() {
  local folder=$1
  shift
  cmake -S "$top" -B "$folder" -G Ninja "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; die "cmake failed"; }
  ninja -C "$folder" -j "$jobs" >"$folder.log" 2>&1 || { tail -60 "$folder.log" >&2; die "the build failed"; }
}
