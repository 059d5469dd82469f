#!/usr/bin/env python3
"""damage.py index|repository CASES SEED: damages the client's LMDB file, or an object of the repository, and lets the programs run: backup, restore, cat, mount.
No wrong byte comes out, no snapshot is lost, no program dies; a damaged index does not matter at all. Environment as faults.py, and TUSKFS (empty: no mount)."""
import os, random, subprocess, sys

import faults
from faults import SOURCE, TUSK, WORK, copy, digests, environment, judge, snapshot_in

TUSKFS, PAGE = os.environ.get("TUSKFS", ""), 4096


def find(top, name):
    return [os.path.join(folder, file) for folder, _, files in os.walk(top) for file in files if name in (file, "*")]


def spoil(path, r):
    """One damage to a file; says what."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    kind = r.choice(["flip", "header", "swap", "cut", "zero", "zero page"])
    pages = max(len(data) // PAGE, 1)
    if kind == "flip":
        data[r.randrange(len(data))] ^= 1 << r.randrange(8)
    elif kind == "header":
        data[min(r.randrange(pages) * PAGE + r.randrange(64), len(data) - 1)] ^= 1 << r.randrange(8)
    elif kind == "swap" and pages > 1:
        a, b = (i * PAGE for i in r.sample(range(pages), 2))
        data[a : a + PAGE], data[b : b + PAGE] = data[b : b + PAGE], data[a : a + PAGE]
    elif kind == "cut":
        del data[r.randrange(len(data)) // 512 * 512 :]
    else:
        size = 512 if kind == "zero" else PAGE
        at = r.randrange(len(data)) // size * size
        data[at : at + size] = bytes(len(data[at : at + size]))
    with open(path, "r+b") as file:
        file.truncate(len(data))
        file.write(data)
    return kind


def mounted(root):
    """(what can be read differs or not, errors) of the newest snapshot in a mount."""
    place = f"{root}/mnt"
    os.mkdir(place)
    out = subprocess.run([TUSKFS, f"{root}/repo", place], env=environment(root), capture_output=True, timeout=60)
    if out.returncode:
        return out.returncode, None
    try:
        return 0, read_tree(f"{place}/snapshots/latest{SOURCE}")
    finally:
        subprocess.run(["umount", place], check=False) if os.path.ismount(place) else None
        if os.path.ismount(place):
            subprocess.run(["umount", "-l", place], check=False)


def read_tree(top):
    """path -> bytes, or the errno."""
    found = {}
    for folder, _, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            try:
                with open(path, "rb") as file:
                    found[os.path.relpath(path, top)] = file.read()
            except OSError as error:
                found[os.path.relpath(path, top)] = error.errno
    return found


def differences(got, wanted):
    for path, data in got.items():
        if isinstance(data, int):
            if data in (107, 103):  # ENOTCONN, ECONNABORTED
                yield f"{path}: the driver is dead"
        elif data != wanted.get(path):
            yield f"{path}: WRONG bytes"


def try_restore(root, wanted):
    out = subprocess.run([TUSK, "restore", "--no-mount", f"latest:{SOURCE}", f"{root}/out"], env=environment(root), capture_output=True, timeout=120)
    got = read_tree(f"{root}/out")
    yield from differences(got, wanted)
    if out.returncode == 0 and set(got) != set(wanted):
        yield "exit 0, but files are missing"
    if out.returncode < 0:
        yield f"restore died of signal {-out.returncode}"
    yield out.returncode


def try_cat(root, wanted, r):
    path = r.choice(sorted(wanted))
    out = subprocess.run([TUSK, "cat", f"latest:{SOURCE}/{path}"], env=environment(root), capture_output=True, timeout=120)
    if not wanted[path].startswith(out.stdout) or (out.returncode == 0 and out.stdout != wanted[path]):
        yield f"{path}: cat gives WRONG bytes"
    if out.returncode < 0:
        yield f"cat died of signal {-out.returncode}"
    yield out.returncode


def try_mount(root, wanted):
    status, got = mounted(root)
    if got is not None:
        yield from differences(got, wanted)
        # the newest manifest may be the one that is damaged; then an older one is the latest
        status = 0 if got == wanted else 4
    yield status


def try_backup(root, base):
    out = subprocess.run([TUSK, "backup", "--json", SOURCE], env=environment(root), capture_output=True, timeout=120)
    if out.returncode < 0:
        yield f"backup died of signal {-out.returncode}"
    if out.returncode == 0 and digests(root).get(snapshot_in(out.stdout)) != base.first_digest:
        yield "backup: exit 0, but the snapshot is not what the source is"
    yield out.returncode


def one(base, mode, number, wanted, r):
    root = f"{WORK}/damaged"
    copy(base.root, root)
    if mode == "index":
        path = find(f"{root}/state", "index.lmdb")[0]
    else:
        path = r.choice(sorted(p for p in find(f"{root}/repo", "*") if os.path.getsize(p)))
    kind = spoil(path, r)
    tool = r.choice(["restore", "cat"] + (["backup"] if mode == "index" else []) + (["mount"] if TUSKFS else []))
    attempts = {"restore": lambda: try_restore(root, wanted), "cat": lambda: try_cat(root, wanted, r),
                "backup": lambda: try_backup(root, base), "mount": lambda: try_mount(root, wanted)}
    *wrong, status = attempts[tool]()
    if mode == "index":
        if status != 0:
            wrong.append(f"exit {status}: a damaged index must not matter")
        lost = judge(root, [base.first])
        wrong += [lost] if lost else []
    if wrong:
        print(f"FAIL: case {number}: {kind} of {os.path.relpath(path, root)}, {tool}: {'; '.join(map(str, wrong))}", flush=True)
    return bool(wrong)


def main():
    mode, limit, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    base = faults.Base()
    wanted = read_tree(SOURCE)
    cases = [int(os.environ["TUSK_CASE"])] if os.environ.get("TUSK_CASE") else range(limit)
    failed = sum(one(base, mode, number, wanted, random.Random(f"{seed} {number}")) for number in cases)
    print(f"{mode}: {len(cases)} damages, {failed} failed, seed {seed}")
    return 1 if failed else 0


sys.exit(main())
