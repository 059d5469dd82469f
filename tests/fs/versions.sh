#!/usr/bin/env bash
# versions/PATH: each distinct content once, by the first snapshot that has it; names of the newest snapshot are listed,
# those that are gone are found; the same inodes as in snapshots/; a listing goes on while snapshots come.
# shellcheck disable=SC2012,SC2119 # the names are our own; arguments are optional
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/mount.sh
. "$tests/lib/mount.sh"
need_fuse

long=$(printf '%0240d.odt' 7)
mkdir -p s/docs s/other/deep/er
make_repository
day=1
snap() {
  "$TUSK" backup -q --time "2026-01-0${day}T00:00:00Z" "$dir/s" >/dev/null
  day=$((day + 1))
}
echo A >s/docs/letter.odt && echo long >"s/docs/$long" && ln -s one s/docs/link && echo gone >s/docs/gone && mkdir s/kind && echo x >s/kind/x
snap # 1
echo elsewhere >s/other/deep/er/file
snap # 2: docs as before
echo B >s/docs/letter.odt && ln -sfn two s/docs/link && rm s/docs/gone && rm -r s/kind && echo now a file >s/kind
snap # 3
echo A >s/docs/letter.odt && touch -d 2030-01-01 s/docs/letter.odt
snap # 4: the first content once more
rm s/docs/letter.odt
snap # 5
echo C >s/docs/letter.odt && chmod 600 s/docs/letter.odt
snap # 6
mount_here
v=$mnt/versions$dir/s

expect_equal "$(ls "$v")" "$(printf '%s\n' docs kind other)" "names in a folder"
expect_equal "$(ls "$mnt/versions")" "$(ls "$mnt/latest/")" "names at the top"
expect_equal "$(ls "$v/docs")" "$(printf '%s\n' "$long" letter.odt link)" "names of the newest snapshot"
expect_equal "$(ls "$v/docs/letter.odt")" \
  "$(printf '2026-01-0%s.letter.odt\n' 1T00-00-00Z 3T00-00-00Z 6T00-00-00Z)" "versions"
expect_equal "$(cat "$v/docs/letter.odt/"*)" "$(printf '%s\n' A B C)" "contents of the versions"
expect_equal "$(ls -l "$v/docs/letter.odt" | awk 'NR > 1 { print $1 }')" "$(printf '%s\n' -rw-r--r-- -rw-r--r-- -rw-------)" "modes of versions"
one=$v/docs/letter.odt/2026-01-03T00-00-00Z.letter.odt
expect_equal "$(stat -c '%i %Y %h' "$one")" "$(stat -c '%i %Y %h' "$mnt/snapshots/2026-01-03T00-00-00Z$dir/s/docs/letter.odt")" \
  "the version and the file are the same"
cp -a "$v/docs/letter.odt" copies
expect_equal "$(cat copies/*)" "$(printf '%s\n' A B C)" "copies of all versions"

expect_equal "$(readlink "$v/docs/link/"*)" "$(printf '%s\n' one two)" "versions of a link"
expect_equal "$(cat "$v/docs/gone/"*)" gone "a file that is gone"
expect_equal "$(ls "$v/kind")" 2026-01-03T00-00-00Z.kind "a folder that became a file: the file's versions"
expect_equal "$(cat "$v/kind/x/"*)" x "and what was in the folder, by name"
name=$(ls "$v/docs/$long")
expect_equal "${#name} ${name: -12}" "255 00000007.odt" "the name of a version of a long name"
expect_equal "$(cat "$v/docs/$long/$name")" long "content of the long name"
for absent in nothing docs/nothing docs/letter.odt/nothing docs/letter.odt/2026-01-02T00-00-00Z.letter.odt docs/letter.odt/2026-01-04T00-00-00Z.letter.odt; do
  expect_error 'No such file' stat "$v/$absent"
done
expect_error 'Read-only' touch "$v/docs/new"
expect_error 'Is a directory' cat "$v/docs"
find "$v" >/dev/null 2>found || { cat found >&2; fail "find over versions"; }

# Folders keep their inode numbers when a snapshot is added, and it shows.
inode=$(stat -c %i "$v/docs") before=$(stat -c %i "$v/docs/letter.odt")
echo D >s/docs/letter.odt && echo fresh >s/docs/fresh
snap
until [ -e "$v/docs/fresh" ]; do sleep 0.05; done
until [ "$(ls "$v/docs/letter.odt" | wc -l)" = 4 ]; do sleep 0.05; done
expect_equal "$(stat -c %i "$v/docs") $(stat -c %i "$v/docs/letter.odt")" "$inode $before" "inode numbers of folders"
expect_equal "$(tail -qn1 "$v/docs/letter.odt/"*)" "$(printf '%s\n' A B C D)" "versions after another backup"
expect_equal "$(ls "$v/docs")" "$(printf '%s\n' "$long" fresh letter.odt link)" "names after another backup"
