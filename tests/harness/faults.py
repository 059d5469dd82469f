#!/usr/bin/env python3
"""The n-th call fails, or the process is killed there; the oracle looks at what is left (tests/acceptance/faults.sh and kill.sh).

faults.py faults|calls|times CASES SEED: environment TUSK, BIN (the harness programs), WORK (an empty folder).
TUSK_CASE="COMMAND CLASS:N:WHAT" runs a single case and keeps the folder.
"""
import concurrent.futures, hashlib, json, os, random, re, shutil, signal, subprocess, sys, threading, time, zlib

TUSK, BIN, WORK = os.environ["TUSK"], os.environ["BIN"], os.environ["WORK"]
SANITIZED = os.environ.get("SANITIZED", "") != ""
KEY, SOURCE, CHANGED = f"{WORK}/key", f"{WORK}/src", f"{WORK}/changed"
# 1 error, 2 usage, 3 incomplete, 4 damage, 10 no repository, 11 locked, 12 password, 13 full, 14 node, 15 mount
KNOWN_EXITS = {0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15}
COMMANDS = {
    "backup": ["backup", "--json", CHANGED],
    "restore": ["restore", "--no-mount", "--json", f"latest:{SOURCE}", "@/out"],
    "verify": ["verify", "--json", f"latest:{SOURCE}", SOURCE],
    "check": ["check", "--data", "--json"],
    "key": ["key", "add", "--new-key-file", "@/newkey"],
    "index": ["repair", "index"],
    "snapshots": ["snapshots", "--json"],
    "cat": ["cat", f"latest:{SOURCE}/d1/f1"],
    "init": ["init", "--encryption", "aes256-gcm", "@/second"],
}
WRITING = {"backup", "key", "index", "init"}
PLANS = {
    "open": ["EIO", "EMFILE", "EINTR"],
    "create": ["ENOSPC", "EIO", "EMFILE"],
    "write": ["ENOSPC", "EIO", "short", "EINTR"],
    "sync": ["EIO", "ENOSPC"],
    "rename": ["EIO", "ENOSPC"],
    "mkdir": ["ENOSPC", "EIO"],
    "unlink": ["EIO"],
    "truncate": ["EIO", "ENOSPC"],
    "mmap": ["ENOMEM"],
    "read": ["EIO", "EINTR"],
    "malloc": ["ENOMEM"],
    "random": ["EIO", "ENOSYS"],
    "fork": ["EAGAIN"],
    "lock": ["EIO", "ENOSYS", "EINTR"],
}
# A backup in which nothing can be written, made durable or listed never succeeds.
ALWAYS = [("backup", "write:1:EIO:sticky"), ("backup", "write:1:ENOSPC:sticky"), ("backup", "sync:1:EIO:sticky"), ("backup", "change:1:EIO:sticky"),
          ("check", "read:1:EIO:sticky"), ("check", "open:12:EIO:sticky")]
failures, lock = [], threading.Lock()


def environment(root, **more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TUSK_FAULT")}
    return {**clean, "XDG_STATE_HOME": f"{root}/state", "TUSK_REPOSITORY": f"{root}/repo", "TUSK_KEY_FILE": KEY, **more}


def arguments(name, root):
    return [TUSK] + [a.replace("@", root) if a.startswith("@") else a for a in COMMANDS[name]]


def run(name, root, **more):
    return subprocess.run(arguments(name, root), env=environment(root, **more), capture_output=True, stdin=subprocess.DEVNULL, timeout=120)


def preload(plan, **more):
    return {"LD_PRELOAD": f"{BIN}/libharness_fault.so", "TUSK_FAULT": plan, **more}


def snapshot_in(output):
    for line in output.decode(errors="replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if value.get("type") == "summary" and value.get("snapshot"):
            return value["snapshot"]
    return None


def digests(root):
    out = subprocess.run([f"{BIN}/harness_judge", "digests", root, KEY], capture_output=True, text=True)
    if out.returncode:
        raise RuntimeError(out.stderr)
    return dict(line.split() for line in out.stdout.splitlines())


def judge(root, ids, *flags):
    out = subprocess.run([f"{BIN}/harness_judge", "repository", root, "-", "--key", KEY, *flags, *ids], capture_output=True, text=True)
    return None if out.returncode == 0 else out.stderr.strip()


def copy(base, root):
    while os.path.lexists(root):  # a driver that is just ending may still write there
        shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", base, root], check=True)


def tree_hash(top):
    found = hashlib.sha256()
    for folder, folders, files in sorted(os.walk(top)):
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            found.update(os.path.relpath(path, top).encode() + b"\0")
            if os.path.islink(path):
                found.update(os.readlink(path).encode())
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    found.update(hashlib.sha256(file.read()).digest())
    return found.digest()


class Base:
    """A repository with one snapshot of SOURCE; what a backup of CHANGED must read back as."""

    def __init__(self):
        self.root = f"{WORK}/base"
        os.mkdir(self.root)
        for command in (["init", "--encryption", "aes256-gcm", "--chunk-size", "16K"], ["backup", "--json", SOURCE]):
            out = subprocess.run([TUSK, *command], env=environment(self.root), capture_output=True)
            if out.returncode:
                raise RuntimeError(out.stderr.decode())
        self.first = snapshot_in(out.stdout)
        self.first_digest = digests(self.root)[self.first]
        copy(self.root, f"{WORK}/clean")
        out = run("backup", f"{WORK}/clean")
        self.changed_digest = digests(f"{WORK}/clean")[snapshot_in(out.stdout)]
        self.source_hash = tree_hash(SOURCE)

    def counts(self, name):
        root = f"{WORK}/count"
        copy(self.root, root)
        out = run(name, root, **preload("none:1:EIO", TUSK_FAULT_COUNT=f"{root}/counts"))
        if out.returncode:
            raise RuntimeError(f"{name}: {out.stderr.decode()}")
        with open(f"{root}/counts", encoding="ascii") as file:
            return {line.split()[0]: int(line.split()[1]) for line in file}


def complaints(base, name, plan, out, root):
    """Everything that is wrong about one run."""
    status, text = out.returncode, out.stderr.decode(errors="replace")
    what = plan.split(":")[2]
    killed = what == "kill"
    if status < 0 and not (killed and status == -signal.SIGKILL):
        yield f"died of signal {-status}"
    if status >= 0 and status not in KNOWN_EXITS:
        yield f"unknown exit status {status}"
    if status in (1, 13) and not text.strip():
        yield "failed without a word"
    if (name, plan) in ALWAYS and status == 0:
        yield "exit 0, though nothing works"
    if "ENOSPC" in plan and name in WRITING and status not in (0, 3, 13):
        yield f"a full disk is exit 13, not {status}"
    if status == 13 and not re.search("full|[Nn]o space", text):
        yield "exit 13 without saying that it is full"
    ids, snapshot = [base.first], snapshot_in(out.stdout) if name == "backup" else None
    if name == "backup" and status in (0, 3):
        if not snapshot:
            yield "success without a snapshot"
        else:
            ids.append(snapshot)
    wrong = judge(root, ids, *(["--backup"] if zlib.crc32(plan.encode()) % 4 == 0 else []))
    if wrong:
        yield wrong
        return
    seen = digests(root)
    if seen[base.first] != base.first_digest:
        yield "the first snapshot reads back WRONG"
    if name == "backup" and status == 0 and seen[snapshot] != base.changed_digest:
        yield "exit 0, but the new snapshot is not what the source is"
    if name == "restore" and status == 0 and tree_hash(f"{root}/out") != base.source_hash:
        yield "exit 0, but the copy is not what the snapshot is"
    if name == "init" and status == 0 and not os.path.exists(f"{root}/second/tusk.repository"):
        yield "exit 0, but there is no repository"


def case(base, name, plan):
    root = f"{WORK}/case-{threading.get_ident()}"
    copy(base.root, root)
    try:
        out = run(name, root, **preload(plan))
        wrong = list(complaints(base, name, plan, out, root))
    except subprocess.TimeoutExpired:
        out, wrong = None, ["hangs"]
    if wrong:
        with lock:
            failures.append((name, plan))
            if len(failures) <= 20:
                print(f"FAIL: TUSK_CASE=\"{name} {plan}\" exit {out.returncode if out else '-'}: " + "; ".join(wrong), flush=True)
                print("    " + (out.stderr.decode(errors="replace").strip()[-600:] if out else ""), flush=True)
    return bool(wrong)


def run_cases(base, cases):
    if os.environ.get("TUSK_CASE"):
        cases = [tuple(os.environ["TUSK_CASE"].split())]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda c: case(base, *c), cases))
    return len(cases)


def fault_cases(base, limit, generator):
    cases = []
    for name in COMMANDS:
        for klass, count in base.counts(name).items():
            if klass == "malloc" and SANITIZED:
                continue
            for what in PLANS.get(klass, []):
                for number in range(1, count + 1):
                    cases.append((name, f"{klass}:{number}:{what}"))
                    if what not in ("EINTR", "short"):
                        cases.append((name, f"{klass}:{number}:{what}:sticky"))
    return ALWAYS + evenly(cases, limit, generator)


def evenly(cases, limit, generator):
    """Every kind of fault in every command gets its share, whatever the number of its calls."""
    groups = {}
    for name, plan in cases:
        groups.setdefault((name, re.sub(":[0-9]+:", ":", plan)), []).append((name, plan))
    for group in groups.values():
        generator.shuffle(group)
    chosen = []
    while groups and len(chosen) < limit:
        keys = list(groups)
        generator.shuffle(keys)
        for key in keys:
            chosen.append(groups[key].pop())
            if not groups[key]:
                del groups[key]
    return chosen[:limit]


def call_cases(base, limit, generator):
    cases = [(name, f"change:{i}:kill") for name in ("backup", "key", "index", "init") for i in range(1, base.counts(name)["change"] + 1)]
    generator.shuffle(cases)
    return cases[:limit]


def kill_at_times(base, limit, generator):
    """One repository that is killed again and again."""
    root, acknowledged = f"{WORK}/times", [base.first]
    copy(base.root, root)
    begin = time.monotonic()
    run("backup", root)
    usual = time.monotonic() - begin
    for number in range(limit):
        with open(f"{CHANGED}/d0/counter", "w", encoding="ascii") as file:
            file.write(str(generator.random()) * 500)
        name = generator.choice(["backup", "backup", "backup", "index", "check"])
        process = subprocess.Popen(arguments(name, root), env=environment(root), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(generator.random() * usual * 1.2)
        process.kill()
        output, _ = process.communicate()
        if name == "backup" and process.returncode == 0:
            acknowledged.append(snapshot_in(output))
        full = number % 10 == 9 or number == limit - 1
        wrong = judge(root, acknowledged, *([] if full else ["--light"]))
        if wrong:
            failures.append((name, number))
            print(f"FAIL: {name}, kill {number}: {wrong}", flush=True)
            break
    print(f"{len(acknowledged)} snapshots were acknowledged in {limit} kills", flush=True)
    return limit


def main():
    mode, limit, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    generator = random.Random(seed)
    base = Base()
    if mode == "times":
        done = kill_at_times(base, limit, generator)
    else:
        cases = (fault_cases if mode == "faults" else call_cases)(base, limit, generator)
        done = run_cases(base, cases)
    print(f"{mode}: {done} cases, {len(failures)} failed, seed {seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
