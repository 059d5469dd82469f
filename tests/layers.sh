#!/usr/bin/env bash
# A file of one layer cannot include a header of a higher one, nor fs/ and tools/ an inner one: with the include paths that the build
# gives to that file, the compiler does not find it.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

top=$(dirname "$tests")
# The compiler and the include paths of FILE, in $command.
use_command_of() {
  python3 - "$TUSK_BUILD/compile_commands.json" "$top/$1" <<'EOF' >words || fail "the build does not know $1"
import json, shlex, sys
for unit in json.load(open(sys.argv[1])):
    if unit["file"] == sys.argv[2]:
        words = shlex.split(unit["command"])
        print("\n".join([words[0]] + [w for w in words[1:] if w.startswith(("-I", "-D", "-std"))]))
        break
else:
    sys.exit(1)
EOF
  mapfile -t command <words
}
# Whether a file so compiled can include HEADER.
compiles() {
  printf '#include "%s"\n' "$1" >probe.c
  "${command[@]}" -fsyntax-only probe.c 2>errors
}
may() {
  local file=$1 header
  shift
  use_command_of "$file"
  for header in "$@"; do
    compiles "$header" || { cat errors >&2; fail "$file cannot include $header"; }
  done
}
may_not() {
  local file=$1 header
  shift
  use_command_of "$file"
  for header in "$@"; do
    [ -n "$(find "$top/store" "$top/fs" "$top/tools" -path "*/$header" -print -quit)" ] || fail "there is no $header: this test is out of date"
    ! compiles "$header" || fail "$file can include $header"
    grep -q 'No such file or directory\|file not found' errors || { cat errors >&2; fail "$file: $header fails for another reason"; }
  done
}

may fs/ops_read.c tusk/reader.h tusk/repository.h tusk/err.h
may_not fs/ops_read.c tusk/backup.h tusk/init.h tusk/filter.h handle.h fetcher.h index.h crypto.h wire.h ingest.h opt.h
may tools/main.c tusk/backup.h tusk/init.h tusk/reader.h
may_not tools/main.c handle.h fetcher.h index.h node.h crypto.h wire.h ingest.h check_private.h inode.h
may store/check/walk.c fetcher.h handle.h tree.h wire.h
may_not store/check/walk.c ingest.h chunker.h inode.h opt.h
may store/ingest/worker.c chunker.h codec.h handle.h
may store/prune/live.c fetcher.h manifest.h node.h
may_not store/prune/live.c ingest.h check_private.h opt.h
may_not store/ingest/worker.c check_private.h inode.h
may store/reader/view.c handle.h tree.h
may_not store/reader/view.c ingest.h check_private.h chunker.h
may store/repository/repository.c index.h manifest.h
may_not store/repository/repository.c fetcher.h ingest.h
may store/index/index.c pack.h node.h
may_not store/index/index.c handle.h tree.h manifest.h tusk/backup.h
may store/pack/toc.c crypto.h codec.h node.h
may_not store/pack/toc.c index.h keyslot.h tree.h
may store/tree/tree_decode.c crypto.h wire.h
may_not store/tree/tree_decode.c node.h pack.h fetcher.h
may store/base/wire.c wire.h tusk/err.h
may_not store/base/wire.c crypto.h node.h tusk/reader.h
may_not store/chunker/chunker.c crypto.h codec.h node.h
may_not store/codec/codec.c crypto.h chunker.h
