#!/usr/bin/env python3
"""Makes the torture tree: every kind of entry that Linux has, in shapes that break backup programs.

usage: torture.py DIR [--entries N] [--folder N] [--levels N] [--apparent BYTES] [--seed N]
DIR must not exist. What the user may not create (devices, foreign owners, capabilities) is left out and said so on stderr.
"""
import argparse
import errno
import os
import random
import socket
import stat
import struct
import subprocess
import sys

skipped = {}


def attempt(what, action):
    try:
        action()
    except OSError as e:
        if e.errno not in (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSPC, errno.E2BIG, errno.EINVAL):
            raise
        skipped[what] = os.strerror(e.errno)


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def content(rng, size):
    """Half text-like, half random, so that compression and raw storage both happen."""
    if rng.random() < 0.5:
        words = [b"%x" % rng.getrandbits(24) for _ in range(16)]
        out = b" ".join(rng.choice(words) for _ in range(size // 4 + 1))
        return out[:size]
    return rng.randbytes(size)


def sparse(path, size, pieces, rng):
    """pieces: (offset, length) of data, all else a hole."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    for offset, length in pieces:
        os.pwrite(fd, rng.randbytes(length), offset)
    os.ftruncate(fd, size)
    os.close(fd)


def names(rng):
    yield from (b"x" * 255, b"\xff\xfe\xfd invalid utf-8 \x80", b"new\nline", b"tab\tand\x1b[31mescape", b"-rf", b"--", b" ", b"...",
                b"back\\slash", b"quote'\"`$(id)", b"*?[a-z]", "é composed".encode(), "é decomposed".encode(), b"Case", b"case",
                b"\x01\x02\x7f", b"a" * 254 + b"\xff", "日本語".encode(), b"trailing.", b"con", b"#x#", b"~", b"snapshots", b"latest")


def specials(top, rng):
    folder = top + b"/special"
    os.mkdir(folder)
    os.mkfifo(folder + b"/fifo", 0o640)
    s = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket is limited to 108 bytes
    s.bind(b"socket")
    os.chdir(here)
    s.close()
    attempt("devices", lambda: os.mknod(folder + b"/char", stat.S_IFCHR | 0o620, os.makedev(1, 3)))
    attempt("devices", lambda: os.mknod(folder + b"/block", stat.S_IFBLK | 0o660, os.makedev(259, 70000)))
    attempt("devices", lambda: os.mknod(folder + b"/whiteout", stat.S_IFCHR, os.makedev(0, 0)))
    for i, target in enumerate((b"/etc/passwd", b"../../outside", b"dangling", b"link4", b"t" * 4000, b"\xff\xfe", b" ")):
        os.symlink(target, folder + b"/link%d" % i)
    write(folder + b"/suid", b"#!/bin/true\n")
    os.chmod(folder + b"/suid", 0o6755)
    os.mkdir(folder + b"/sticky")
    os.chmod(folder + b"/sticky", 0o1777)
    write(folder + b"/mode0", b"nobody may read this")
    os.chmod(folder + b"/mode0", 0)
    os.mkdir(folder + b"/empty")


def holes(top, rng, apparent):
    folder = top + b"/holes"
    os.mkdir(folder)
    M = 1 << 20
    sparse(folder + b"/large", apparent, [(0, 4096), (apparent // 4, 65536), (apparent - 4096, 4096)], rng)
    sparse(folder + b"/only-hole", 64 * M, [], rng)
    sparse(folder + b"/hole-then-data", 8 * M, [(4 * M, 4 * M)], rng)
    sparse(folder + b"/data-then-hole", 8 * M, [(0, M)], rng)
    sparse(folder + b"/odd-size", 3 * M + 17, [(M, 4096), (3 * M, 17)], rng)
    sparse(folder + b"/one-byte-at-the-end", 5 * M, [(5 * M - 1, 1)], rng)
    sparse(folder + b"/many", 40 * M, [(i * 64 * 1024, 4096 * (1 + i % 3)) for i in range(600)], rng)
    write(folder + b"/zeros-that-are-data", bytes(2 * M))


def files(top, rng, count):
    sizes = [0, 0, 1, 2, 100, 255, 256, 257, 511, 512, 4095, 4096, 4097, 32767, 32768, 32769, 100000]
    made = []
    per_folder = 100
    for i in range(count):
        if i % per_folder == 0:
            folder = top + b"/files/%02d/%04d" % (i // per_folder % 7, i // per_folder)
            os.makedirs(folder)
        path = folder + b"/f%05d" % i
        size = rng.choice(sizes) if rng.random() < 0.9 else rng.randrange(200000)
        write(path, content(rng, size))
        os.chmod(path, rng.choice((0o644, 0o600, 0o755, 0o444)))
        made.append(path)
    for size in (131072, 524288, 524289, 5 * 1024 * 1024 + 3, 40 * 1024 * 1024):
        path = top + b"/files/big-%d" % size
        write(path, content(rng, size))
        made.append(path)
    write(top + b"/files/repetitive", b"tusk" * (3 << 20))
    return made


def hard_links(top, made, rng):
    folder = top + b"/links"
    os.mkdir(folder)
    for i in range(200):
        source = rng.choice(made)
        for j in range(1 + i % 3):
            os.makedirs(folder + b"/%d" % (j * 7 % 5), exist_ok=True)
            os.link(source, folder + b"/%d/l%d-%d" % (j * 7 % 5, i, j))
    os.link(top + b"/special/fifo", folder + b"/fifo-link")
    os.symlink(b"x", folder + b"/symlink")
    os.link(folder + b"/symlink", folder + b"/symlink-link", follow_symlinks=False)


def acl(entries):
    """POSIX ACL as the kernel stores it: version 2, then (tag, perm, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def attributes(top, rng):
    folder = top + b"/xattrs"
    os.mkdir(folder)
    NOBODY = 0xFFFFFFFF
    for i in range(50):
        path = folder + b"/x%d" % i
        write(path, b"content %d" % i)
        for j in range(10):
            attempt("user xattrs", lambda: os.setxattr(path, b"user.attr%d" % j, rng.randbytes(rng.randrange(64))))
    many = folder + b"/thousand"
    write(many, b"many")
    for j in range(1000):
        attempt("1,000 xattrs on one file", lambda: os.setxattr(many, b"user.n%04d" % j, b"v%d" % j))
    large = folder + b"/large"
    write(large, b"large")
    attempt("an xattr of 3,000 bytes", lambda: os.setxattr(large, b"user.large", rng.randbytes(3000)))
    write(folder + b"/acl", b"acl")
    listed = [(1, 6, NOBODY), (2, 4, 1001), (4, 4, NOBODY), (8, 5, 1002), (16, 5, NOBODY), (32, 0, NOBODY)]
    attempt("ACLs", lambda: os.setxattr(folder + b"/acl", b"system.posix_acl_access", acl(listed)))
    os.mkdir(folder + b"/acl-dir")
    attempt("ACLs", lambda: os.setxattr(folder + b"/acl-dir", b"system.posix_acl_default", acl(listed)))
    write(folder + b"/cap", b"cap")
    attempt("capabilities", lambda: os.setxattr(folder + b"/cap", b"security.capability",
                                                struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)))
    attempt("trusted xattrs", lambda: os.setxattr(folder + b"/cap", b"trusted.tusk", b"t"))
    os.symlink(b"nowhere", folder + b"/symlink")
    attempt("xattrs on symlinks", lambda: os.setxattr(folder + b"/symlink", b"trusted.link", b"l", follow_symlinks=False))


def owners(made, rng):
    for path in rng.sample(made, min(300, len(made))):
        attempt("foreign owners", lambda: os.chown(path, rng.choice((0, 1, 1001, 65534, 4000000000)), rng.choice((0, 5, 1002, 65534))))


def big_folder(top, count, rng):
    folder = top + b"/folder"
    os.mkdir(folder)
    for i in range(count):
        fd = os.open(folder + b"/entry-%06d-%04x" % (i, rng.getrandbits(16)), os.O_CREAT | os.O_WRONLY, 0o644)
        if i % 10 == 0:
            os.write(fd, b"%d" % i)
        os.close(fd)


def deep(top, levels):
    path = top + b"/deep"
    os.mkdir(path)
    for i in range(levels):
        path += b"/%d" % (i % 10)
        os.mkdir(path)
        if i % 20 == 0:
            write(path + b"/file", b"level %d" % i)


def times(top, rng):
    """Last, deepest first, so that nothing changes them again."""
    for folder, dirs, entries in os.walk(top, topdown=False):
        for name in entries + dirs:
            path = folder + b"/" + name
            ns = rng.choice((rng.randrange(-(2 ** 31) * 10 ** 9, 2 ** 31 * 10 ** 9), -1, 0, 1, 999999999,
                             rng.randrange(10 ** 18, 16 * 10 ** 17)))
            os.utime(path, ns=(ns, ns), follow_symlinks=False)
    os.utime(top, ns=(10 ** 18 + 1, 10 ** 18 + 1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--entries", type=int, default=10000)
    parser.add_argument("--folder", type=int, default=100000)
    parser.add_argument("--levels", type=int, default=200)
    parser.add_argument("--apparent", type=int, default=4 << 30, help="size of the largest sparse file")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    top = os.fsencode(args.dir)
    os.mkdir(top)
    os.umask(0o022)
    os.mkdir(top + b"/names")
    for name in names(rng):
        write(top + b"/names/" + name, name)
    specials(top, rng)
    holes(top, rng, args.apparent)
    made = files(top, rng, max(0, args.entries - 700))
    owners(made, rng)
    hard_links(top, made, rng)
    attributes(top, rng)
    if args.folder:
        big_folder(top, args.folder, rng)
    deep(top, args.levels)
    times(top, rng)
    for what, why in sorted(skipped.items()):
        print(f"torture: without {what}: {why}", file=sys.stderr)


main()
