#!/usr/bin/env bash
# Arguments, options, exit codes, the call by mount(8) (ux 1.10; checklist 10, 15).
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"

mkdir source plain
echo text >source/file
make_repository
backup_of "$dir/source"
ln -s "$TUSKFS" mount.tusk

says() { grep -q "$1" "$dir/err" || { cat "$dir/err" >&2; fail "no \"$1\" in the message"; }; }
expect_exit 2 "$TUSKFS" repo
expect_exit 2 "$TUSKFS" repo mnt more
expect_exit 2 "$TUSKFS" repo mnt -o pasword-file=x
says 'did you mean "password-file"'
expect_exit 2 "$TUSKFS" repo mnt -o remount
says 'remount is not possible'
expect_exit 10 "$TUSKFS" plain mnt
expect_exit 10 "$TUSKFS" nothing mnt
says 'nothing'
expect_exit 32 "$TUSKFS" repo missing
says 'missing: No such file'
expect_exit 32 "$TUSKFS" repo source/file
says 'Not a directory'
mkdir repo/inside
expect_exit 32 "$TUSKFS" repo repo/inside
says 'lies in the repository'
expect_exit 32 "$TUSKFS" repo "$dir"
says 'the repository .* lies in it'
expect_exit 32 "$TUSKFS" repo repo
rmdir repo/inside
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >wrong
expect_exit 12 "$TUSKFS" repo mnt -o key-file=wrong
expect_exit 12 env -u TUSK_KEY_FILE "$TUSKFS" repo mnt
says 'password is needed and there is no terminal'
expect_exit 12 env -u TUSK_KEY_FILE "$TUSKFS" repo mnt -o password-command='echo secret; exit 3'
says 'ended with status 3'
expect_exit 1 ./mount.tusk repo mnt -o remount
expect_exit 1 ./mount.tusk repo
expect_exit 32 ./mount.tusk nothing mnt
expect_exit 0 ./mount.tusk repo mnt -f -n -v -t tusk -o rw
expect_exit 0 "$TUSKFS" --help
expect_exit 0 "$TUSKFS" --version

need_fuse
expect_exit 1 "$TUSKFS" repo mnt -o snapshot=dead
expect_equal "$(grep -c " $mnt " /proc/self/mountinfo || true)" 0 "mounts after failures"

# As mount(8) calls it: no environment, its own options.
env -i XDG_STATE_HOME="$XDG_STATE_HOME" ./mount.tusk repo mnt \
  -o "rw,noauto,nofail,_netdev,x-systemd.automount,user,key-file=$dir/key" || fail "mount.tusk ended with $?"
line=$(grep " $mnt " /proc/self/mountinfo)
case $line in *" - fuse.tusk $dir/repo "*) ;; *) fail "in mountinfo: $line" ;; esac
for option in ro nosuid nodev default_permissions; do
  case ",$(tr ' ' , <<<"$line")," in *",$option,"*) ;; *) fail "not mounted $option" ;; esac
done
expect_exit 32 "$TUSKFS" repo mnt
says 'mounted there already'
umount "$mnt" 2>/dev/null || fusermount3 -u "$mnt"

# One snapshot as the root; foreign owners.
mount_here -o snapshot=latest,uid=1234,gid=2345,umask=077
expect_equal "$(cat "$mnt$dir/source/file" 2>/dev/null || cat "$mnt$dir/source/file")" text "a file of one snapshot"
expect_equal "$(stat -c '%u %g %a' "$mnt$dir/source/file")" "1234 2345 600" "owner and mode as told"
expect_equal "$(ls "$mnt")" "$(cut -d/ -f2 <<<"$dir")" "the root of one snapshot"
unmount_here

# A source with a comma, a space and a backslash in its name.
odd='od,d \name'
mv repo "$odd"
"$TUSKFS" "$dir/$odd" "$mnt"
expect_equal "$(stat -f -c %l "$mnt")" 255 "longest name"
expect_equal "$(cat "$mnt/latest$dir/source/file")" text "a file of a repository with an odd name"
umount "$mnt" 2>/dev/null || fusermount3 -u "$mnt"
