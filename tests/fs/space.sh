#!/usr/bin/env bash
# df shows how full the disk of the repository is (ux 1.6).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir source
head -c 20000000 /dev/urandom >source/file
make_repository
backup_of "$dir/source"
mount_here
read -r block total free available names < <(stat -f -c '%S %b %f %a %l' "$mnt")
expect_equal "$block" 4096 "block size"
expect_equal "$names" 255 "longest name"
expect_equal "$free" "$available" "free and available"
used=$(((total - free) * block)) real=$(du -sb "$dir/repo" | cut -f1)
((used >= 20000000 && used <= real + 4096)) || fail "$used bytes are used of $real"
disk=$(($(stat -f -c %a "$dir/repo") * $(stat -f -c %S "$dir/repo")))
difference=$((free * block - disk))
[ "${difference#-}" -lt 1000000000 ] || fail "free: $((free * block)) here, $disk on the disk"
df "$mnt" >/dev/null
