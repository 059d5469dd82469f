# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the scripts that source this file
# Shared by the scripts here: where things are, and how missing packages are installed.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

# What builds and runs tusk, what its tests need beside that, and what the full check needs beside both.
build_packages="build-essential cmake ninja-build pkg-config fuse3 libfuse3-dev liblmdb-dev liblz4-dev libzstd-dev libssl-dev libjansson-dev
  libarchive-dev libxxhash-dev libyaml-dev libcurl4-openssl-dev libexpat1-dev"
test_packages="libcmocka-dev openssh-client openssh-server python3 attr acl libcap2-bin rsync tar util-linux procps mount e2fsprogs xfsprogs"
check_packages="clang clang-format clang-tidy cppcheck shellcheck libclang-rt-14-dev libclang-rt-dev binutils git mandoc
  zsh fish"
# Real services for the tests of remote nodes (the tests that need them say so and are skipped without).
node_packages="ceph-mon ceph-osd radosgw faketime openssl"
bench_packages="restic borgbackup casync squashfs-tools squashfuse erofs-utils fio time python3-pyfuse3 util-linux"

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# offered PACKAGE...: those that some package source has, one a line.
offered() {
  local package
  for package in "$@"; do
    if apt-cache policy "$package" 2>/dev/null | grep >/dev/null '^ *Candidate: [^(]'; then echo "$package"; fi
  done
}

# install_without_starting PACKAGE...: no daemon is started by that (openssh-server would listen on every address).
install_without_starting() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e $policy ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy; fi
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null || status=$?
  [ -z "$policy" ] || rm -f $policy
  return $status
}

# need PACKAGE...: installs those that are missing (as root), or says how (as anybody else). A package that this release of
# Debian does not have is passed over: another name for it is in the list (libclang-rt).
need() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || die "apt-get update failed"
  fi
  mapfile -t missing < <(offered "${missing[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    printf 'Some packages are missing. Install them with:\n\n  sudo apt-get install -y --no-install-recommends %s\n\n' "${missing[*]}" >&2
    exit 1
  fi
  echo "installing: ${missing[*]}"
  install_without_starting "${missing[@]}" || die "apt-get install failed: ${missing[*]}"
}

# Whether this user can mount; prints why not.
can_mount() {
  [ -e /dev/fuse ] || { echo "/dev/fuse does not exist (modprobe fuse; in a container: --device /dev/fuse)"; return 1; }
  { : <>/dev/fuse; } 2>/dev/null || { echo "/dev/fuse cannot be opened by $(id -un) (it has $(stat -c "mode %a, owner %U:%G" /dev/fuse))"; return 1; }
}

# configure FOLDER CMAKE-ARGS...; then build it.
build() {
  local folder=$1
  shift
  cmake -S "$top" -B "$folder" -G Ninja "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; die "cmake failed"; }
  ninja -C "$folder" -j "$jobs" >"$folder.log" 2>&1 || { tail -60 "$folder.log" >&2; die "the build failed"; }
}

# run_tests FOLDER [CTEST-ARGS...]: runs them, says why tests were skipped, and adds to the counts that tests_summary prints.
tests_passed=0 tests_failed=0 tests_skipped=0
run_tests() {
  local folder=$1 status=0 results
  shift
  # More than there are processors: many tests mostly wait (two processors: all of them in two thirds of the time that one more takes). Once more for one that fails, with its output shown: processes that are killed, stopped and mounted are at the mercy of a busy machine.
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -j "$((jobs + 3))" --repeat until-pass:2 --output-junit results.xml "$@" || status=$?
  results=$folder/results.xml
  [ -e "$results" ] || die "ctest left no results in $folder"
  tests_passed=$((tests_passed + $(grep -c 'status="run"' "$results" || true)))
  tests_failed=$((tests_failed + $(grep -c 'status="fail"' "$results" || true)))
  tests_skipped=$((tests_skipped + $(grep -c 'status="notrun"' "$results" || true)))
  grep -h '^SKIP: ' "$folder/Testing/Temporary/LastTest.log" | sort | uniq -c | sed 's/^ *\([0-9]*\) SKIP/skipped (\1)/' || true
  return $status
}
tests_summary() { printf '%d passed, %d failed, %d skipped\n' "$tests_passed" "$tests_failed" "$tests_skipped"; }
