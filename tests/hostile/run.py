#!/usr/bin/env python3
"""Walks hostile snapshots through a mount and restores each, as root and as nobody.

run.py TUSK MOUNT CASES TARGET OUTSIDE: CASES is what `hostile` has printed; TARGET a small file system of its own. Says
what each case came to; exit 1 when one did not come to what its first word says."""
import ctypes
import errno
import os
import resource
import shutil
import stat
import subprocess
import sys

sys.setrecursionlimit(20000)  # folders go deep

ENTRIES_MAX = 1200  # looked at in each snapshot
SECONDS_MAX = 60    # for one restore: far more than it needs
FILE_MAX = 32 << 20
MEMORY_MAX = 3 << 30
NOBODY = 65534
LIGHT = os.environ.get("TUSK_TEST_LIGHT")

tusk, mount, cases, target, outside = sys.argv[1:6]
libc = ctypes.CDLL(None, use_errno=True)


class Walk:
    """What a mount shows, entry by entry; counts what answers EIO."""

    def __init__(self):
        self.left = ENTRIES_MAX
        self.damaged = self.entries = 0

    def attempt(self, call, *args, **more):
        try:
            return call(*args, **more)
        except OSError as error:
            if error.errno == errno.EIO:
                self.damaged += 1
            elif error.errno not in (errno.ENODATA, errno.ENXIO, errno.EINVAL, errno.ELOOP, errno.EACCES, errno.ENOENT,
                                     errno.ERANGE, errno.E2BIG, errno.ENOTSUP):
                raise
        return None

    def file(self, name, info, folder):
        fd = self.attempt(os.open, name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
        if fd is None:
            return
        for offset in (0, info.st_size // 2, max(info.st_size - 1, 0)):
            self.attempt(os.pread, fd, 65536, offset)
        at = 0
        for _ in range(10):
            data = self.attempt(os.lseek, fd, at, os.SEEK_DATA)
            if data is None:
                break
            at = self.attempt(os.lseek, fd, data, os.SEEK_HOLE)
            if at is None:
                break
        os.close(fd)

    def entry(self, name, folder, depth):
        info = self.attempt(os.stat, name, dir_fd=folder, follow_symlinks=False)
        self.entries += 1
        if info is None:
            return
        path = f"/proc/self/fd/{folder}/".encode() + name
        for attribute in self.attempt(os.listxattr, path, follow_symlinks=False) or []:
            self.attempt(os.getxattr, path, attribute, follow_symlinks=False)
        if stat.S_ISLNK(info.st_mode):
            self.attempt(os.readlink, name, dir_fd=folder)
        elif stat.S_ISREG(info.st_mode):
            self.file(name, info, folder)
        elif stat.S_ISDIR(info.st_mode):
            self.folder(name, folder, depth)

    def folder(self, name, above, depth):
        if depth == 0:
            return
        fd = self.attempt(os.open, name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        if fd is None:
            return
        with self.attempt(os.scandir, fd) as listing:
            while self.left > 0:
                try:
                    found = next(listing, None)
                except OSError as error:
                    if error.errno != errno.EIO:
                        raise
                    self.damaged += 1
                    break
                if found is None:
                    break
                assert found.name not in (".", "..") and "/" not in found.name, found.name
                self.left -= 1
                self.entry(os.fsencode(found.name), fd, depth - 1)
        os.close(fd)


def limit(user):
    def apply():
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
        if not LIGHT:  # a sanitizer's shadow is larger than any limit
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
        if user:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
    return apply


def remove(path):
    def make_way(function, name, _):
        os.chmod(os.path.dirname(name), 0o700)
        function(name)
    shutil.rmtree(path, onerror=make_way)


def restore(snapshot, user, good):
    """The exit status; all that was written is below one folder, and "good" is right whatever the rest is."""
    place = os.path.join(target, "place")
    os.mkdir(place)
    os.chown(place, user, user)
    command = [tusk, "restore", "--no-mount", "--progress", "none", snapshot, os.path.join(place, "dest")]
    environment = dict(os.environ, XDG_STATE_HOME=os.environ["XDG_STATE_HOME"] + str(user))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX,
                          preexec_fn=limit(user), env=environment, check=False)
    text = done.stderr.decode("utf-8", "surrogateescape") + done.stdout.decode("utf-8", "surrogateescape")
    assert done.returncode in (0, 3, 4, 13, 1), f"exit {done.returncode}: {text}"
    assert done.returncode == 0 or "tusk: " in text, "no message"
    assert "\033" not in text and "\r" not in text, "a terminal would obey: " + repr(text)
    assert os.listdir(target) == ["place"] and set(os.listdir(place)) <= {"dest"}, "written outside of its target"
    assert not os.listdir(outside), "written where a link leads"
    if good is not None and done.returncode != 13:
        with open(os.path.join(place, "dest", "good"), "rb") as file:
            assert file.read() == good, "the good file is not restored"
    remove(place)
    return done.returncode, text


def fits(fate, damaged, status):
    if fate == "refused":
        return damaged > 0 and status == 4
    if fate == "found":
        return status in (1, 3, 4, 13)
    return damaged == 0 and status in (0, 3)


def main():
    bad = count = 0
    with open(cases, encoding="utf-8") as file:
        lines = file.read().splitlines()[1:]
    shown = {name for name in os.listdir(os.path.join(mount, "ids"))}
    for line in lines:
        fate, snapshot, name = line.split(" ", 2)
        count += 1
        walk = Walk()
        link = next((short for short in shown if snapshot.startswith(short)), None)
        root = os.path.join(mount, "ids", link) if link else None
        good = None
        if root:
            fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
            if not name.startswith("root:"):
                with open(os.path.join(root, "good"), "rb") as file:
                    good = file.read()
                assert len(good) == 5000
            walk.folder(b".", fd, 1100)
            os.close(fd)
        else:
            walk.damaged += 1  # a manifest that is refused
        results = [restore(snapshot[:16], user, good) for user in (0, NOBODY)]
        verdict = all(fits(fate, walk.damaged, status) for status, _ in results)
        bad += not verdict
        if not verdict or os.environ.get("VERBOSE"):
            print(f"{'ok' if verdict else 'WRONG'}: {fate}: {name}: EIO {walk.damaged}, exits {[r[0] for r in results]}")
            if not verdict:
                print("".join("  " + text.replace("\n", "\n  ") for _, text in results))
    assert not os.listdir(outside)
    print(f"{count} hostile snapshots, walked and restored twice: {bad} wrong")
    return 1 if bad or count < 120 else 0


sys.exit(main())
