#!/usr/bin/env bash
# Sizes, blocks, link counts, devices, times: what stat shows is what was backed up (checklist 1, 4, 5, 6, 7).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

mkdir -p source/folder/{one,two}
head -c 100000 /dev/urandom >source/random
head -c 1 /dev/urandom >source/one-byte
: >source/empty
truncate -s 50M source/hole
printf data | dd of=source/island bs=1 seek=10000000 conv=notrunc status=none
truncate -s 20M source/island
ln -s "a/target/of some length" source/link
mkfifo source/fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("source/socket")'
touch -d '2001-02-03 04:05:06.123456789' source/random
chmod 2751 source/folder
[ "$(id -u)" != 0 ] || { mknod source/char c 1 3; mknod source/block b 259 70000; chown 1234:5678 source/one-byte; }

make_repository
backup_of "$dir/source"
mount_here
copy=$(latest)$dir/source

show() { (cd "$1" && find . -mindepth 1 ! -type d -printf '%P %y %m %U %G %n %s %T@ %l\n' | sort); }
diff <(show source) <(show "$copy") || fail "attributes differ"
show_folders() { (cd "$1" && find . -type d -printf '%P %m %U %G %n %T@\n' | sort); }
diff <(show_folders source) <(show_folders "$copy") || fail "attributes of folders differ"
[ "$(id -u)" != 0 ] || diff <(cd source; stat -c '%n %t %T' char block) <(cd "$copy"; stat -c '%n %t %T' char block)

blocks() { stat -c %b "$copy/$1"; }
expect_equal "$(blocks empty)" 0 "blocks of an empty file"
expect_equal "$(blocks one-byte)" 1 "blocks of one byte"
expect_equal "$(blocks random)" 196 "blocks of 100,000 bytes"
expect_equal "$(blocks hole)" 0 "blocks of a hole"
[ "$(blocks island)" -le 16 ] || fail "an island of 4 bytes has $(blocks island) blocks"
expect_equal "$(stat -c %s "$copy/link")" 23 "size of a link"
expect_equal "$(stat -c %h "$copy/folder")" 4 "link count of a folder with two subfolders"
[ "$(stat -c %s "$copy/folder")" -gt 0 ] || fail "a folder has size 0"
expect_equal "$(find "$mnt" -links 0 -print)" "" "entries with link count 0"
[ "$(du -sk "$copy" | cut -f1)" -lt 1000 ] || fail "du counts holes"
[ "$(du -sk --apparent-size "$copy" | cut -f1)" -gt 70000 ] || fail "du --apparent-size does not count holes"

# A special file can be looked at and copied, without being opened.
cp -a "$copy/fifo" "$copy/socket" .
[ -p fifo ] || fail "a FIFO cannot be copied"
[ -S socket ] || fail "a socket cannot be copied"
