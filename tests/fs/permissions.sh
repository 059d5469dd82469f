#!/usr/bin/env bash
# root's mount is for everybody, with the permissions of the source (checklist 15); links stay as they are (checklist 16);
# nothing can be changed.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse
need_root
command -v setpriv >/dev/null || skip "setpriv is not installed"

chmod 755 "$dir"
mkdir source source/closed
echo secret >source/secret
echo public >source/public
echo in >source/closed/file
chmod 600 source/secret
chmod 644 source/public source/closed/file
chmod 700 source/closed
ln -s /etc/passwd source/absolute
ln -s ../../.. source/up
cp /bin/true source/suid
chmod 4755 source/suid
mknod source/null c 1 3
# What the mode shows as the group's rights is the mask of this ACL; the group itself has none.
echo acl >source/acl
chown :65534 source/acl
chmod 640 source/acl
acls=no
if command -v setfacl >/dev/null && setfacl -m u:1001:r,g::- source/acl; then acls=yes; fi
make_repository
backup_of "$dir/source"
mount_here
copy=$mnt/latest$dir/source
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
expect_equal "$(as_nobody cat "$copy/public")" public "a file for everybody"
expect_error 'Permission denied' as_nobody cat "$copy/secret"
expect_error 'Permission denied' as_nobody cat "$copy/closed/file"
cat "$copy/secret" >/dev/null # root may, and has it in the cache now
expect_error 'Permission denied' as_nobody cat "$copy/secret"
if [ "$acls" = yes ]; then
  expect_equal "$(stat -c %a "$copy/acl")" 640 "mode of a file with an ACL"
  expect_error 'Permission denied' as_nobody cat "$copy/acl"
  expect_equal "$(setpriv --reuid=1001 --regid=1001 --clear-groups cat "$copy/acl")" acl "a file opened by its ACL"
fi
expect_equal "$(readlink "$copy/absolute")" /etc/passwd "an absolute link"
expect_equal "$(readlink "$copy/up")" ../../.. "an upward link"
expect_error 'Permission denied' cat "$copy/null"
expect_equal "$(as_nobody "$copy/suid" && stat -c %a "$copy/suid")" 4755 "a set-uid program"

expect_read_only() {
  expect_error 'Read-only file system' touch "$copy/new"
  expect_error 'Read-only file system' mkdir "$copy/new"
  expect_error 'Read-only file system' rm "$copy/public"
  expect_error 'Read-only file system' mv "$copy/public" "$copy/other"
  expect_error 'Read-only file system' ln -s x "$copy/link"
  expect_error 'Read-only file system' ln "$copy/public" "$copy/link"
  expect_error 'Read-only file system' chmod 600 "$copy/public"
  expect_error 'Read-only file system' truncate -s 0 "$copy/public"
  expect_error 'Read-only file system' dd if=/dev/zero of="$copy/public" conv=notrunc count=1 status=none
  expect_error 'Read-only file system' mkfifo "$copy/fifo"
  expect_error 'Read-only file system' rmdir "$mnt/snapshots"
}
expect_read_only
# Even when root insists, the driver refuses.
mount -o remount,rw "$mnt" 2>/dev/null && expect_read_only
expect_equal "$(cat "$copy/public")" public "a file after all that"
