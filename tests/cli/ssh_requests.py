"""Requests without end, for a server whose answers nobody reads; ends when the server does."""
import struct
import sys

out = sys.stdout.buffer
try:
    out.write(struct.pack("<IIBHH", 4, 1, 1, 1, 1))
    number = 1
    while True:
        number += 1
        out.write(struct.pack("<IIB", 0, number, 18))
        out.flush()
except BrokenPipeError:
    sys.stdout = None
    sys.stderr.close()
