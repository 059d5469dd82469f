"""A raw client of tusk serve --stdio (store/PROTOCOL.md) that does what no tusk would."""
import hashlib
import os
import select
import struct
import subprocess

MAGIC = b"\0tusk serve\2\r\n\x1a\0"
HELLO, CREATE, UNCREATE, GET, READ, STAT, LIST, DIGEST, UPLOAD, WRITE, COMMIT, ABORT, REMOVE, QUARANTINE, LOCK, UNLOCK, \
    GENERATION, SPACE, SWEEP = range(1, 20)
MORE, DONE, ABSENT, FAILED, ALIVE = range(64, 69)


def text(name):
    data = name if isinstance(name, bytes) else name.encode()
    return bytes([len(data)]) + data


class Gone(Exception):
    """The server ended the connection."""


class Client:
    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.next_id = 0
        self.buffer = b""
        while MAGIC not in self.buffer:
            self.more()
        self.buffer = self.buffer.split(MAGIC, 1)[1]
        self.hello = self.ask(HELLO, struct.pack("<HH", 1, 1))

    def more(self):
        data = os.read(self.process.stdout.fileno(), 1 << 20)
        if not data:
            raise Gone()
        self.buffer += data

    def send(self, kind, body=b"", number=None):
        if number is None:
            self.next_id += 1
            number = self.next_id
        frame = struct.pack("<IIB", len(body), number, kind) + body
        try:
            while frame:
                frame = frame[os.write(self.process.stdin.fileno(), frame):]
        except BrokenPipeError as error:
            raise Gone() from error
        return number

    def frame(self):
        while len(self.buffer) < 9 or len(self.buffer) < 9 + struct.unpack("<I", self.buffer[:4])[0]:
            self.more()
        length, number, kind = struct.unpack("<IIB", self.buffer[:9])
        body = self.buffer[9:9 + length]
        self.buffer = self.buffer[9 + length:]
        return number, kind, body

    def answer(self, number):
        data = b""
        while True:
            got, kind, body = self.frame()
            assert got == number, (got, number)
            data += body
            if kind != MORE:
                return kind, data

    def ask(self, kind, body=b""):
        return self.answer(self.send(kind, body))

    def put(self, name, data, replace=False):
        number = self.send(UPLOAD, bytes([replace]))
        for at in range(0, len(data), 1 << 20):
            self.send(WRITE, data[at:at + (1 << 20)], number)
        self.send(COMMIT, text(name), number)
        return self.answer(number)

    def is_gone(self):
        try:
            while True:
                self.frame()
        except Gone:
            return True

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        return self.process.returncode


def pack_name(data):
    digest = hashlib.sha256(data).hexdigest()
    return f"packs/{digest[:2]}/{digest}"
