#!/usr/bin/env bash
# Archives hold everything: types, owners, times, links, holes, attributes.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
make_repository --encryption aes256-gcm
mkdir -p src/dir && cd src
printf 'content' >file && ln file dir/link && ln -s ../file dir/sym && mkfifo fifo
touch -d '2026-01-02 03:04:05.123456789' file
printf 'x' >'grün' && printf 'y' >"$(printf 'bad\377name')"
long=$(printf 'n%.0s' $(seq 200)) && mkdir "$long" && touch "$long/$long"
truncate -s 8M hole && printf 'data' | dd of=sparse bs=1 seek=5000000 conv=notrunc status=none && truncate -s 9M sparse
head -c 1500000 /dev/urandom >big
xattrs='' acls=''
if setfattr -n user.note -v 'some text' file 2>/dev/null; then xattrs=yes; fi
if setfacl -m u:1234:r file 2>/dev/null; then acls=yes; fi
cd ..
"$TUSK" backup src >/dev/null

mkdir out1
"$TUSK" dump latest >a.tar
tar -x --xattrs --xattrs-include='*' -f a.tar -C out1 2>tar.err || fail "tar: $(cat tar.err)"
got=out1$dir/src
for place in src "$got"; do
  (cd "$place" || exit; find . -mindepth 1 -printf '%P %y %m %s %l %T@\n' | LC_ALL=C sort)
done >lists
[ "$(LC_ALL=C sort lists | uniq -c | awk '$1 != 2' | wc -l)" = 0 ] || fail "the copy differs: $(LC_ALL=C sort lists | uniq -u)"
for f in file big hole sparse 'grün'; do cmp "src/$f" "$got/$f" || fail "$f"; done
[ "$(stat -c %i "$got/file")" = "$(stat -c %i "$got/dir/link")" ] || fail "the hard link was lost"
[ "$(stat -c %b "$got/hole")" = 0 ] || fail "the hole was filled: $(stat -c %b "$got/hole") blocks"
[ "$(stat -c %b "$got/sparse")" -lt 1000 ] || fail "the sparse file was filled"
[ "$(stat -c %s a.tar)" -lt 4000000 ] || fail "the archive holds the holes"
if [ "$xattrs" ]; then
  [ "$(getfattr --only-values -n user.note "$got/file")" = 'some text' ] || fail "the attribute was lost"
fi
if [ "$acls" ]; then
  tar --xattrs --xattrs-include='*' -tvvf a.tar 2>/dev/null | grep >/dev/null system.posix_acl_access || fail "the ACL is not there"
  if [ "$(id -u)" = 0 ]; then getfacl -cn "$got/file" 2>/dev/null | grep >/dev/null '^user:1234:r' || fail "the ACL was lost"; fi
fi

# A part, a single file, and the wrong things.
"$TUSK" dump --format tar "latest:$dir/src/dir" | tar -t >names
grep -q "^${dir#/}/src/dir/sym$" names || fail "$(cat names)"
[ "$(grep -c . names)" = 3 ] || fail "$(cat names)"
[ "$("$TUSK" dump "latest:$dir/src/dir/link" | tar -xO)" = content ] || fail "one file"
expect_exit 1 "$TUSK" dump latest:/nothing
expect_exit 2 "$TUSK" dump --format zip latest
