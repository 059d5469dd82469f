#!/usr/bin/env python3
"""powercut.py FILESYSTEM CYCLES SEED: backups on a real file system in an image, which is shut down in the middle without flushing its journal (the
ioctl that XFS and ext4 have for such tests), mounted again and judged. Environment: TUSK, BIN, WORK; root."""
import fcntl, json, os, random, struct, subprocess, sys, threading, time

TUSK, BIN, WORK = (os.environ[n] for n in ("TUSK", "BIN", "WORK"))
KEY, MOUNT, IMAGE, SOURCE = f"{WORK}/key", f"{WORK}/mnt", f"{WORK}/image", f"{WORK}/src"
SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2  # _IOR('X', 125, __u32)
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
# A journal that is written by itself every few seconds hides what was not synced; a cycle is shorter than that.
LONGEST_S = 0.6


def run(*arguments):
    out = subprocess.run(arguments, capture_output=True, text=True)
    if out.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {out.stderr}")


def environment():
    return {**os.environ, "XDG_STATE_HOME": f"{MOUNT}/state", "TUSK_REPOSITORY": f"{MOUNT}/repo", "TUSK_KEY_FILE": KEY}


def backup(r):
    """The snapshot's id if the backup succeeded."""
    for i in range(6):
        with open(f"{SOURCE}/f{i}", "wb") as file:
            file.write(r.randbytes(r.choice((10, 400, 9000, 50000))))
    out = subprocess.run([TUSK, "backup", "--json", SOURCE], env=environment(), capture_output=True, text=True)
    if out.returncode:
        return None
    return next(o["snapshot"] for o in map(json.loads, out.stdout.splitlines()) if o.get("type") == "summary")


def writer(r, cut, acknowledged):
    while not cut.is_set():
        snapshot = backup(r)
        if snapshot:
            acknowledged.append(snapshot)


def cycle(r, acknowledged):
    cut = threading.Event()
    thread = threading.Thread(target=writer, args=(r, cut, acknowledged))
    thread.start()
    time.sleep(r.random() * LONGEST_S)
    fd = os.open(MOUNT, os.O_RDONLY)
    fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    os.close(fd)
    cut.set()
    thread.join()
    run("umount", MOUNT)
    run("mount", "-o", "loop", IMAGE, MOUNT)


def judge(acknowledged, *flags):
    out = subprocess.run([f"{BIN}/harness_judge", "repository", MOUNT, "-", "--key", KEY, *flags, *acknowledged], capture_output=True, text=True)
    # the judge's own look has changed the client's state, as any client would
    return out.stderr.strip() if out.returncode else None


def main():
    kind, cycles, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    r, acknowledged, wrong = random.Random(f"{seed} {kind}"), [], None
    for folder in (MOUNT, SOURCE):
        os.makedirs(folder, exist_ok=True)
    with open(IMAGE, "wb") as file:
        file.truncate(400 << 20)
    run(*MAKE[kind], IMAGE)
    run("mount", "-o", "loop", IMAGE, MOUNT)
    try:
        subprocess.run([TUSK, "init", "--encryption", "aes256-gcm", "--chunk-size", "16K"], env=environment(), check=True, capture_output=True)
        for number in range(cycles):
            cycle(r, acknowledged)
            wrong = judge(acknowledged)
            if wrong:
                print(f"FAIL: {kind}, cycle {number}: {wrong}", flush=True)
                break
        if not wrong and backup(r) is None:
            wrong = "a backup after all that fails"
            print(f"FAIL: {kind}: {wrong}")
    finally:
        subprocess.run(["umount", MOUNT], check=False)
    print(f"{kind}: {cycles} power cuts, {len(acknowledged)} snapshots acknowledged, {'FAILED' if wrong else 'none lost'}, seed {seed}")
    return 1 if wrong else 0


sys.exit(main())
