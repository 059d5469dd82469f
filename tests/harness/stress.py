#!/usr/bin/env python3
"""Writers, pruners and reading mounts on one repository, while processes are killed, stopped and let go on.

stress.py SECONDS SEED: environment TUSK, TUSKFS (empty: no mounts), BIN, WORK. Files prove themselves: the first line says what follows. Every snapshot that a
writer acknowledged and nobody has begun to forget must be there and whole at the end; a mount may say that something is gone, never give wrong bytes."""
import errno, json, os, random, signal, subprocess, sys, threading, time

TUSK, TUSKFS, BIN, WORK = (os.environ[n] for n in ("TUSK", "TUSKFS", "BIN", "WORK"))
KEY, REPO = f"{WORK}/key", f"{WORK}/a/repo"
WRITERS, PRUNERS, MOUNTS = 8, 2, 3
# Seconds after which a process that nobody stops counts as hanging.
PATIENCE = 120
GONE = {errno.ENOENT, errno.ESTALE}
CUT_OFF = {errno.ENOTCONN, errno.ECONNABORTED, errno.ENXIO, errno.EIO}


class Stress:
    def __init__(self, seconds, seed):
        self.seed, self.end = seed, time.monotonic() + seconds
        self.lock, self.processes, self.killed = threading.Lock(), {}, set()
        self.acknowledged, self.failures = {}, []
        self.counts = dict.fromkeys(("backups", "forgotten", "prunes", "files", "kills", "stops", "remounts", "locked"), 0)

    def running(self):
        return time.monotonic() < self.end and not self.failures

    def fail(self, text):
        with self.lock:
            self.failures.append(text)
        print("FAIL:", text, flush=True)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def environment(self, client):
        return {**os.environ, "XDG_STATE_HOME": f"{WORK}/{client}/state", "TUSK_REPOSITORY": REPO, "TUSK_KEY_FILE": KEY}

    def run(self, client, *arguments):
        """(exit status or None if chaos killed it, stdout, stderr)"""
        process = subprocess.Popen([TUSK, *arguments], env=self.environment(client), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        with self.lock:
            self.processes[process.pid] = process
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.fail(f"{' '.join(arguments)} hangs")
            process.kill()
            out, err = process.communicate()
        with self.lock:
            del self.processes[process.pid]
            killed = process.pid in self.killed
            self.killed.discard(process.pid)
        if killed and process.returncode == -signal.SIGKILL:
            return None, out, err
        if process.returncode == 11:
            self.count("locked")
        elif process.returncode != 0:
            self.fail(f"{' '.join(arguments)}: exit {process.returncode}: {err.strip()[-500:]}")
        return process.returncode, out, err


def content(label):
    r = random.Random(label)
    return label.encode() + b"\n" + r.randbytes(r.choice((10, 500, 5000, 60000)))


def proves_itself(data):
    return data == content(data.split(b"\n", 1)[0].decode(errors="replace"))


def writer(stress, number):
    r = random.Random(f"{stress.seed} writer {number}")
    client, source, turn = "ab"[number % 2], f"{WORK}/src/{number}", 0
    os.makedirs(source)
    while stress.running():
        turn += 1
        for i in range(12) if turn == 1 else r.sample(range(12), 3):
            # some content is shared with other writers: chunks that several snapshots of several writers need
            label = f"shared {r.randrange(20)}" if r.random() < 0.4 else f"{number} {turn} {i}"
            with open(f"{source}/f{i}.new", "wb") as file:
                file.write(content(label))
            os.rename(f"{source}/f{i}.new", f"{source}/f{i}")
        status, out, _ = stress.run(client, "backup", "--json", "--tag", f"w{number}", source)
        if status == 0:
            ids = [o["snapshot"] for o in map(json.loads, out.splitlines()) if o.get("type") == "summary"]
            with stress.lock:
                stress.acknowledged[ids[0]] = number
            stress.count("backups")


def pruner(stress, number):
    r = random.Random(f"{stress.seed} pruner {number}")
    while stress.running():
        with stress.lock:
            spare = [i for i, w in stress.acknowledged.items()]
            victims = r.sample(spare, min(len(spare) // 2, 3))
            for victim in victims:
                del stress.acknowledged[victim]
        if victims and stress.run("ab"[number % 2], "forget", *victims)[0] == 0:
            stress.count("forgotten")
        if stress.run("ab"[number % 2], "prune")[0] == 0:
            stress.count("prunes")
        time.sleep(r.random() / 2)


def detach(place):
    for flags in ([], ["-f"], ["-l"]):
        if os.path.ismount(place) or is_dead(place):
            subprocess.run(["umount", *flags, place], check=False, capture_output=True)


def is_dead(place):
    try:
        os.stat(place)
    except OSError as error:
        return error.errno == errno.ENOTCONN
    return False


def driver_of(place):
    out = subprocess.run(["pgrep", "-f", f"tuskfs {REPO} {place}$"], capture_output=True, text=True)
    return [int(pid) for pid in out.stdout.split()]


def read_some(stress, place, r):
    snapshots = os.listdir(f"{place}/ids")
    snapshot = r.choice(snapshots)
    with stress.lock:
        needed = [i for i in stress.acknowledged if i.startswith(snapshot)]
    top = f"{place}/ids/{snapshot}{WORK}/src"
    for folder, _, files in os.walk(top):
        for name in files:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    data = file.read()
            except OSError as error:
                with stress.lock:
                    still = any(i in stress.acknowledged for i in needed)
                if error.errno == errno.EIO and still and not is_dead(place):
                    stress.fail(f"mount: {name} of {snapshot}, which is acknowledged: {error}")
                if error.errno in CUT_OFF | GONE:
                    return
                raise
            stress.count("files")
            if not proves_itself(data):
                stress.fail(f"mount: {snapshot}/{name} reads WRONG: {data[:60]!r}")


def mounter(stress, number):
    r = random.Random(f"{stress.seed} mount {number}")
    place = f"{WORK}/mnt{number}"
    os.mkdir(place)
    while stress.running():
        if not os.path.ismount(place) or is_dead(place):
            detach(place)
            out = subprocess.run([TUSKFS, REPO, place], env=stress.environment("ab"[number % 2]), capture_output=True, text=True, timeout=PATIENCE)
            if out.returncode not in (0, 11, -9):  # chaos may have met it before it was in the background
                stress.fail(f"tuskfs: exit {out.returncode}: {out.stderr.strip()[-500:]}")
            stress.count("remounts")
        try:
            read_some(stress, place, r)
        except (OSError, IndexError) as error:
            if isinstance(error, OSError) and error.errno not in CUT_OFF | GONE:
                stress.fail(f"mount: {error}")
    detach(place)


def chaos(stress):
    r = random.Random(f"{stress.seed} chaos")
    while stress.running():
        time.sleep(r.random() * 0.15)
        with stress.lock:
            pids = list(stress.processes)
        if TUSKFS and r.random() < 0.1:
            pids = driver_of(f"{WORK}/mnt{r.randrange(MOUNTS)}")
        if not pids:
            continue
        pid = r.choice(pids)
        try:
            if r.random() < 0.5:
                with stress.lock:
                    stress.killed.add(pid)
                os.kill(pid, signal.SIGKILL)
                stress.count("kills")
            else:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(r.random() * 0.4)
                os.kill(pid, signal.SIGCONT)
                stress.count("stops")
        except ProcessLookupError:
            pass


def judge(stress, can_prune):
    out = subprocess.run([f"{BIN}/harness_judge", "repository", f"{WORK}/a", "-", "--key", KEY, "--backup", *stress.acknowledged], capture_output=True, text=True)
    if out.returncode:
        stress.fail(f"afterwards: {out.stderr.strip()}")
    for command in ([["prune"]] if can_prune else []) + [["check", "--data"]]:
        status, text, err = stress.run("b", *command)
        if status != 0:
            stress.fail(f"afterwards: {command}: exit {status}: {text} {err}")


def main():
    stress = Stress(float(sys.argv[1]), sys.argv[2])
    for client in "ab":
        os.mkdir(f"{WORK}/{client}")
    stress.run("a", "init", "--encryption", "aes256-gcm", "--chunk-size", "16K")
    can_prune = subprocess.run([TUSK, "help", "prune"], capture_output=True).returncode == 0
    work = [(writer, i) for i in range(WRITERS)] + [(pruner, i) for i in range(PRUNERS) if can_prune] + [(mounter, i) for i in range(MOUNTS) if TUSKFS]
    threads = [threading.Thread(target=run_thread, args=(stress, *one)) for one in work] + [threading.Thread(target=chaos, args=(stress,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not stress.failures:
        judge(stress, can_prune)
    print(", ".join(f"{v} {k}" for k, v in stress.counts.items()), f"- {len(stress.acknowledged)} snapshots verified, {len(stress.failures)} failures, seed {stress.seed}")
    return 1 if stress.failures else 0


def run_thread(stress, function, *arguments):
    try:
        function(stress, *arguments)
    except Exception as error:  # a thread that dies must not look like one that found nothing
        stress.fail(f"{function.__name__}: {error!r}")


sys.exit(main())
