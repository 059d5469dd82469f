"""Attacks a node that is served append-only: ssh_attack.py REPOSITORY DIRECT COMMAND...
The command reaches the server over ssh; DIRECT, run by a shell, starts one without (for attacks with many connections)."""
import hashlib
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from rawclient import *  # noqa: F403

top, direct, command = sys.argv[1], ["sh", "-c", sys.argv[2]], sys.argv[3:]
outside = os.path.join(os.path.dirname(top), "outside")


def state(folder):
    """What is in it: names, contents, modes. Without what every client may leave: tmp/, leases/ and the lock."""
    found = {}
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            full = os.path.join(path, name)
            rest = os.path.relpath(full, folder)
            if rest.split("/")[0] in ("tmp", "leases", "lock"):
                continue
            status = os.lstat(full)
            content = open(full, "rb").read() if os.path.isfile(full) else b""
            found[rest] = (status.st_mode, status.st_ino, hashlib.sha256(content).hexdigest())
    return found


def objects():
    for path, _, files in os.walk(top):
        for name in files:
            yield os.path.relpath(os.path.join(path, name), top)


def expect(what, good):
    if not good:
        sys.exit(f"FAIL: {what}")


def unchanged(before, what):
    after = state(top)
    for name, status in before.items():
        expect(f"{what}: {name} was changed or removed", after.get(name) == status)
    expect(f"{what}: something outside was touched", state(outside) == before_outside)
    return after


before, before_outside = state(top), state(outside)
client = Client(*command)
kind, hello = client.hello
expect("the greeting says append-only", kind == DONE and hello[2] == 1)
names = [name for name in objects() if not name.startswith(("tmp/", "lock"))]
expect("there is something to attack", any(name.startswith("packs/") for name in names))

# Every object: removed, replaced, overwritten with rubbish, overwritten with itself and more, put into quarantine.
for name in names:
    content = open(os.path.join(top, name), "rb").read()
    for request in (REMOVE, QUARANTINE):
        expect(f"{name} is refused", client.ask(request, text(name))[0] == FAILED)
    for replace in (False, True):
        for data in (b"rubbish", content + b"x", content[:-1]):
            expect(f"{name} is not written", client.put(name, data, replace)[0] == FAILED)
unchanged(before, "overwriting")

# What would hide or end history: prune's objects, a forgotten snapshot, other parameters, key slots.
snapshot = next(name for name in names if name.startswith("snapshots/")).split("/")[1]
for name in ("epoch", "condemned", "forgotten/" + snapshot, "tusk.repository", "keys/" + hashlib.sha256(b"k").hexdigest()):
    for replace in (False, True):
        expect(f"{name} is refused", client.put(name, b"k", replace)[0] == FAILED)
for request in (CREATE, UNCREATE):
    expect("no create", client.ask(request)[0] == FAILED)
expect("nothing new", unchanged(before, "hiding") == before)

# Names that lead elsewhere.
digits = "0" * 64
for name in ("../outside/file", "/etc/passwd", "packs/../../outside/file", "packs/00/../" + digits, "packs/00", "tmp/x", "lock", "",
             ".", "..", "snapshots/../tusk.repository", "snapshots/" + "A" * 64, "packs/ab/" + digits, "quarantine/x",
             b"snapshots/\xff" + b"0" * 63, "keys/" + digits[:-1] + "/"):
    for request, rest in ((GET, struct.pack("<I", 1 << 20)), (READ, struct.pack("<QI", 0, 1)), (STAT, b""), (DIGEST, b""), (REMOVE, b""),
                          (QUARANTINE, b""), (LIST, b""), (GENERATION, b"")):
        expect(f"{name} with {request} is refused", client.ask(request, text(name) + rest)[0] == FAILED)
    expect(f"{name} is not written", client.put(name, b"x")[0] == FAILED)
expect("nothing new", unchanged(before, "names") == before)

# A table of contents that lies about a pack; one of a pack that is not there.
pack = next(name for name in names if name.startswith("packs/")).split("/")[2]
toc = open(os.path.join(top, "toc", pack), "rb").read()
os.rename(os.path.join(top, "toc", pack), os.path.join(outside, "toc"))
lie = bytearray(toc[:-32])
lie[90] ^= 1
expect("a toc that lies", client.put("toc/" + pack, bytes(lie) + hashlib.sha256(lie).digest())[0] == FAILED)
expect("a toc that is short", client.put("toc/" + pack, toc[:80])[0] == FAILED)
expect("a toc of no pack", client.put("toc/" + digits, toc)[0] == FAILED)
expect("the right toc", client.put("toc/" + pack, toc)[0] == DONE)
os.unlink(os.path.join(outside, "toc"))
expect("it is the same", open(os.path.join(top, "toc", pack), "rb").read() == toc)
before = state(top)

# What it may: new objects, named by what they hold; leases; the lock; a stranger's bytes under a pack's name not.
new = os.urandom(3 << 20)
expect("a new pack", client.put(pack_name(new), new)[0] == DONE)
expect("again", client.put(pack_name(new), new)[0] == DONE)
expect("a pack with other bytes", client.put(pack_name(b"other"), new)[0] == FAILED)
expect("it is hashed there", client.ask(DIGEST, text(pack_name(new))) == (DONE, hashlib.sha256(new).digest() + struct.pack("<Q", len(new))))
lease = "leases/" + digits
expect("a lease", client.put(lease, b"1", True)[0] == DONE and client.put(lease, b"2", True)[0] == DONE)
expect("it is renewed", client.ask(GET, text(lease) + struct.pack("<I", 10)) == (DONE, b"2"))
expect("it is removed", client.ask(REMOVE, text(lease))[0] == DONE)
expect("too much is refused", client.put(pack_name(b"x"), bytes(81 << 20))[0] == FAILED)
expect("and forgotten", client.ask(STAT, text(pack_name(b"x")))[0] == ABSENT)
unchanged(before, "adding")
number = client.send(LOCK)
expect("the lock", client.answer(number) == (DONE, b"\1"))
uploads = [client.send(UPLOAD, b"\0") for _ in range(70)]
late = [number for number in uploads if number > uploads[63]]
expect("not more than 64 uploads", [client.answer(number)[0] for number in late] == [FAILED] * 6)
expect("the server ends with its input", client.close() == 0)
expect("its uploads are gone", not [name for name in os.listdir(os.path.join(top, "tmp"))])

# Frames that break the protocol end the connection, and nothing else happens.
for frame in (struct.pack("<IIB", 0xFFFFFFFF, 1, GET), struct.pack("<IIB", 0, 0, SPACE), struct.pack("<IIB", 0, 1, 99), struct.pack("<IIB", 0, 1, GET),
              struct.pack("<IIB", 4, 1, HELLO) + struct.pack("<HH", 1, 1)):
    client = Client(*direct)
    os.write(client.process.stdin.fileno(), frame)
    expect("the server goes", client.is_gone())
    client.close()
seed = 5
rng = random.Random(seed)
for _ in range(int(os.environ.get("TUSK_ATTACKS", "40"))):
    client = Client(*direct)
    try:
        for _ in range(60):
            name = rng.choice(names + ["epoch", "condemned", lease, "tmp/x", "../outside/file"])
            kind = rng.choice([k for k in range(HELLO + 1, SWEEP + 1) if k != LOCK])
            body = rng.choice([b"", text(name), text(name), text(name) + struct.pack("<I", rng.getrandbits(20)), b"\0", b"\1", rng.randbytes(rng.randrange(40))])
            client.send(kind, body, rng.choice([None, None, 1, 2, 3]))
        client.process.stdin.close()
        client.is_gone()
    except Gone:
        pass
    client.process.stdin.close()
    client.process.wait(timeout=60)
unchanged(before, f"requests at random (seed {seed})")

# Its rubbish is its own: whoever may remove on the node does.
os.unlink(os.path.join(top, pack_name(new)))
