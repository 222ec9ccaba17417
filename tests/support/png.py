"""A picture of an X screen, from the file that Xvfb keeps of it."""

from __future__ import annotations

import struct
import zlib

Area = tuple[int, int, int, int]  # x, y, width, height


def png_of(dump: bytes, area: Area | None = None) -> bytes:
    """A PNG of a screen in X's own format (XWD, 24 bits a pixel), or of an area of it."""
    header = struct.unpack(">25I", dump[:100])
    width, height, line, colors = header[4], header[5], header[12], header[19]
    if header[1] != 7 or header[11] != 32 or header[7] != 0:
        raise ValueError("the screen is kept in a format that is not known here")
    x, y, wide, high = area or (0, 0, width, height)
    left, right = max(0, x), min(width, x + wide)
    first, last = max(0, y), min(height, y + high)
    start = header[0] + 12 * colors
    rows = bytearray()
    for number in range(first, last):
        begin = start + number * line
        rows += b"\0" + _rgb(dump[begin + 4 * left : begin + 4 * right])
    size = struct.pack(">2I5B", right - left, last - first, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _rgb(pixels: bytes) -> bytes:
    """Red, green and blue of pixels that are kept as blue, green, red and nothing."""
    row = bytearray(len(pixels) // 4 * 3)
    for place in range(3):
        row[place::3] = pixels[2 - place :: 4]
    return bytes(row)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
