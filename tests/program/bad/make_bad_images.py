"""Makes the small PNG files beside it: a bomb that states 60,000 x 60,000 pixels, one pixel, and a line of 1 x 10,000."""

import struct
import zlib


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def write(name: str, width: int, height: int, rows: int) -> None:
    """Grey pixels of 8 bits; of the stated rows only so many are there."""
    pixels = b"".join(b"\0" + bytes((x + y) % 256 for x in range(width)) for y in range(rows))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + parts)


write("bomb.png", 60_000, 60_000, 1)
write("dot.png", 1, 1, 1)
write("line.png", 1, 10_000, 10_000)
