#!/usr/bin/env python3
"""Compares two directory trees in everything that Linux shows of them; knows nothing of tusk.

usage: compare.py A B [--holes exact|kept|ignore] [--ignore-top]
Type, mode, owner, mtime (ns), size, device numbers, link targets, hard-link groups, all xattrs, content, holes.
--holes exact: the same data extents; kept: every hole of A is a hole in B, which may have more. Prints each difference; exit 1 if any.
"""
import argparse
import os
import stat
import sys

differences = 0


def differ(path, what, a, b):
    global differences
    differences += 1
    if differences <= 50:
        print(f"{os.fsdecode(path)!r}: {what}: {a!r} != {b!r}")


def extents(fd, size):
    out, position = [], 0
    while position < size:
        try:
            start = os.lseek(fd, position, os.SEEK_DATA)
        except OSError:
            break
        position = os.lseek(fd, start, os.SEEK_HOLE)
        out.append((start, position))
    return out


def blocks(pairs, unit=4096):
    """Data extents rounded outward to the block, merged: two file systems may report ends within a block differently."""
    out = []
    for start, end in pairs:
        start, end = start // unit * unit, -(-end // unit) * unit
        if out and start <= out[-1][1]:
            out[-1][1] = max(end, out[-1][1])
        else:
            out.append([start, end])
    return out


def covered(inner, outer):
    return all(any(o[0] <= i[0] and i[1] <= o[1] for o in outer) for i in inner)


def content(path, a, b, size, holes):
    fa, fb = os.open(a, os.O_RDONLY), os.open(b, os.O_RDONLY)
    try:
        ea, eb = extents(fa, size), extents(fb, size)
        if holes == "exact" and blocks(ea) != blocks(eb):
            differ(path, "data extents", blocks(ea)[:8], blocks(eb)[:8])
        if holes == "kept" and not covered(blocks(eb), blocks(ea)):
            differ(path, "holes", blocks(ea)[:8], blocks(eb)[:8])
        for start, end in sorted(ea + eb):
            while start < end:
                n = min(1 << 20, end - start)
                if os.pread(fa, n, start) != os.pread(fb, n, start):
                    differ(path, "content", f"at {start}", "")
                    return
                start += n
    finally:
        os.close(fa)
        os.close(fb)


def xattrs(path):
    return {n: os.getxattr(path, n, follow_symlinks=False) for n in os.listxattr(path, follow_symlinks=False)}


def one(path, a, b, groups, holes):
    sa, sb = os.lstat(a), os.lstat(b)
    if stat.S_IFMT(sa.st_mode) != stat.S_IFMT(sb.st_mode):
        differ(path, "type", oct(sa.st_mode), oct(sb.st_mode))
        return
    kinds = ["st_mode", "st_uid", "st_gid", "st_mtime_ns"]
    directory = stat.S_ISDIR(sa.st_mode)
    if not directory:
        kinds += ["st_size", "st_nlink"] if stat.S_ISREG(sa.st_mode) or stat.S_ISLNK(sa.st_mode) else ["st_nlink"]
    if stat.S_ISCHR(sa.st_mode) or stat.S_ISBLK(sa.st_mode):
        kinds.append("st_rdev")
    for kind in kinds:
        if getattr(sa, kind) != getattr(sb, kind):
            differ(path, kind, getattr(sa, kind), getattr(sb, kind))
    if not directory and sa.st_nlink > 1:
        if groups.setdefault(("a", sa.st_dev, sa.st_ino), path) != groups.setdefault(("b", sb.st_dev, sb.st_ino), path):
            differ(path, "hard-link group", groups["a", sa.st_dev, sa.st_ino], groups["b", sb.st_dev, sb.st_ino])
    if stat.S_ISLNK(sa.st_mode) and os.readlink(a) != os.readlink(b):
        differ(path, "target", os.readlink(a), os.readlink(b))
    xa, xb = xattrs(a), xattrs(b)
    if xa != xb:
        differ(path, "xattrs", sorted(set(xa.items()) - set(xb.items()))[:3], sorted(set(xb.items()) - set(xa.items()))[:3])
    if stat.S_ISREG(sa.st_mode) and sa.st_size == sb.st_size:
        content(path, a, b, sa.st_size, holes)


def walk(a, b, path, groups, holes, count):
    na, nb = set(os.listdir(a)), set(os.listdir(b))
    for name in sorted(na ^ nb):
        differ(path + b"/" + name, "only in", "A" if name in na else "B", "")
    for name in sorted(na & nb):
        count[0] += 1
        pa, pb, p = a + b"/" + name, b + b"/" + name, path + b"/" + name
        one(p, pa, pb, groups, holes)
        if stat.S_ISDIR(os.lstat(pa).st_mode) and stat.S_ISDIR(os.lstat(pb).st_mode):
            walk(pa, pb, p, groups, holes, count)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--holes", choices=("exact", "kept", "ignore"), default="exact")
    parser.add_argument("--ignore-top", action="store_true", help="do not compare the two folders themselves")
    args = parser.parse_args()
    sys.setrecursionlimit(5000)
    a, b, groups, count = os.fsencode(args.a), os.fsencode(args.b), {}, [0]
    if not args.ignore_top:
        one(b"", a, b, groups, args.holes)
    walk(a, b, b"", groups, args.holes, count)
    if differences > 50:
        print(f"... and {differences - 50} more")
    print(f"compare: {count[0]} entries, {differences} differences")
    sys.exit(1 if differences else 0)


main()
