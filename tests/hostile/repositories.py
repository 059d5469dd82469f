#!/usr/bin/env python3
"""Hostile repositories: objects of absurd sizes, counts and kinds, made by a stranger or by an insider (insider.c), under every command.

repositories.py TUSK INSIDER BASE WORK [CASE...]: BASE has repo, state, key and src. A command may fail; it may not die, hang, take much memory, speak to the
terminal, write outside, or say that all is well when it has read less than all. The other snapshots stay readable unless what they need is spoilt."""
import os
import resource
import shutil
import subprocess
import sys

TUSK, INSIDER, BASE, WORK = sys.argv[1:5]
SECONDS = 60       # of wall clock: for a busy machine
CPU_SECONDS = 20
MEMORY = 1 << 30
LIGHT = os.environ.get("TUSK_TEST_LIGHT")
EXITS = {0, 1, 2, 3, 4, 10, 11, 12, 13, 14}
COMMANDS = [["snapshots"], ["check", "--data"], ["check", "--no-key"], ["restore", "--no-mount", "@latest", "@out"], ["backup", "@src"], ["key", "list"],
            ["prune", "--dry-run"], ["stats"], ["repair", "--dry-run"]]
NAME = "ab" * 32


def sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.write(data)


def put(path, make):
    """In the place of whatever is there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    make(path)


FORMS = {
    "huge": lambda path: sparse(path, 1 << 40),
    "fifo": os.mkfifo,
    "folder": os.mkdir,
    "zeros": lambda path: os.symlink("/dev/zero", path),
    "loop": lambda path: os.symlink(path, path),
    "empty": lambda path: write(path, b""),
    "garbage": lambda path: write(path, bytes(range(256)) * 40),
}
PLACES = ["tusk.repository", f"keys/{NAME}", f"snapshots/{NAME}", f"toc/{NAME}", f"packs/ab/{NAME}", f"nodes/{NAME}", f"marks/{NAME}", f"ledger/{NAME}",
          f"drills/{NAME}", f"forgotten/{NAME}", f"leases/{NAME}", "epoch", "condemned", "lock", "reserve"]


def many(folder, count, data):
    def make(repo):
        os.makedirs(f"{repo}/{folder}", exist_ok=True)
        for i in range(count):
            write(f"{repo}/{folder}/{i:064x}", data)
    return make


def slot(log2_n, r, p):
    def make(repo):
        for name in os.listdir(f"{repo}/keys"):
            os.unlink(f"{repo}/keys/{name}")
        data = b"tuskKEYS" + bytes([1, 0, 1, log2_n]) + r.to_bytes(4, "little") + p.to_bytes(4, "little") + bytes(4 + 64 + 100)
        write(f"{repo}/keys/{NAME}", data)
    return make


def parameters(change):
    def make(repo):
        with open(f"{repo}/tusk.repository", "rb") as file:
            data = file.read()
        write(f"{repo}/tusk.repository", change(data))
    return make


def links(repo):
    """The folders are symlinks to elsewhere."""
    shutil.move(f"{repo}/snapshots", f"{repo}/../elsewhere")
    os.symlink("../elsewhere", f"{repo}/snapshots")


def strangers():
    for place in PLACES:
        for form, make in FORMS.items():
            yield f"{place.split('/')[0]} {form}", lambda repo, place=place, make=make: put(f"{repo}/{place}", make)
    yield "5,000 key slots", many("keys", 5000, b"tuskKEYS" + bytes(200))
    yield "5,000 manifests", many("snapshots", 5000, b"tuskSNAP" + bytes(200))
    yield "5,000 marks", many("marks", 5000, b"tuskSEAL" + bytes(200))
    yield "5,000 leases", many("leases", 5000, b"tuskSEAL" + bytes(200))
    yield "5,000 tables of contents", many("toc", 5000, b"tuskPACK" + bytes(200))
    yield "N = 2^40", slot(40, 8, 1)
    yield "N = 2^255", slot(255, 8, 1)
    yield "r = 2^32 - 1", slot(17, 2**32 - 1, 1)
    yield "p = 2^20", slot(17, 8, 2**20)
    yield "parameters twice", parameters(lambda data: data * 2)
    yield "parameters 100 times", parameters(lambda data: data * 100)
    yield "parameters cut", parameters(lambda data: data[:-1])
    yield "folders that are links", links


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    if not LIGHT:  # a sanitizer's shadow is larger than any limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def words(command, root):
    known = {"@latest": f"latest:{BASE}/src", "@out": f"{root}/out", "@src": f"{BASE}/src"}
    return [known.get(word, word) for word in command]


def run(command, root):
    environment = dict(os.environ, XDG_STATE_HOME=f"{root}/state", TUSK_REPOSITORY=f"{root}/repo", TUSK_KEY_FILE=f"{BASE}/key")
    return subprocess.run([TUSK, *words(command, root)], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment, preexec_fn=limits,
                          cwd=root, check=False)


def complaints(command, root):
    try:
        done = run(command, root)
    except subprocess.TimeoutExpired:
        yield "hangs"
        return
    text = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    if done.returncode not in EXITS:
        yield f"exit {done.returncode}: {text[-300:]}"
    if done.returncode not in (0, 3, 4) and "tusk: " not in text:
        yield f"exit {done.returncode} without a message"
    if "\033" in text:
        yield "a terminal would obey: " + repr(text[-300:])
    if len(text) > 2 << 20:
        yield f"{len(text)} characters"
    if "out of memory" in text or "Cannot allocate" in text:
        yield "memory: " + text[-300:]
    if command[0] == "restore" and done.returncode == 0:
        with open(f"{root}/out/file", "rb") as ours, open(f"{BASE}/src/file", "rb") as theirs:
            if ours.read() != theirs.read():
                yield "exit 0, but the copy is not what the source is"
    if os.path.exists(f"{root}/escaped"):
        yield "a program was run"


def case(name, make, number):
    root = f"{WORK}/case"
    shutil.rmtree(root, ignore_errors=True)
    os.mkdir(root)
    for part in ("repo", "state"):
        subprocess.run(["cp", "-a", f"{BASE}/{part}", f"{root}/{part}"], check=True)
    subprocess.run(["chmod", "-R", "u+w", f"{root}/repo"], check=True)
    make(f"{root}/repo")
    if number % 3 == 0:
        shutil.rmtree(f"{root}/state")
    wrong = [f"{command[0]}: {complaint}" for command in COMMANDS for complaint in complaints(command, root)]
    for complaint in wrong:
        print(f"FAIL: {name}: {complaint}", flush=True)
    return bool(wrong)


def main():
    cases = list(strangers())
    for name in subprocess.run([INSIDER], capture_output=True, text=True, check=True).stdout.split():
        cases.append((f"insider: {name}", lambda repo, name=name: subprocess.run([INSIDER, os.path.dirname(repo), f"{BASE}/key", name], check=True)))
    if len(sys.argv) > 5:
        cases = [one for one in cases if one[0] in sys.argv[5:]]
    elif not os.environ.get("TUSK_TEST_FULL"):
        step, first = int(os.environ["STEP"]), int(os.environ["FIRST"])
        cases = [one for i, one in enumerate(cases) if (i + first) % step == 0]
    bad = sum(case(name, make, number) for number, (name, make) in enumerate(cases))
    print(f"{len(cases)} hostile repositories under {len(COMMANDS)} commands each: {bad} wrong")
    return 1 if bad or not cases else 0


sys.exit(main())
