"""IDX files that are cut, lie about their size, or are no IDX files; compressed ones too."""
import gzip
import struct
import zlib

import formats
import hostile

GOOD = formats.idx(60)
LARGE = 2**32 - 1
SHAPES = [(0, 28, 28), (60, 0, 28), (60, 28, 0), (LARGE, 28, 28), (LARGE, LARGE, LARGE), (2**31, 2, 2**31), (65536, 65536, 1),
          (1, 65536, 65536), (LARGE, 1, 1), (60, 28, 29), (61, 28, 28), (59, 28, 28), (1, 1, 47040), (47040, 1, 1), (60, 784, 1),
          (60, 14, 56), (16, 2**31, 2**31)]


def plain():
    for n in [*range(20), 100, len(GOOD) - 1]:
        yield f"cut at {n}", GOOD[:n]
    for magic in (0, 0x801, 0x802, 0x804, 0x80300, 0xD03, 0x10803, LARGE, 0x903, 0xB03, 0xC03, 0xE03):
        yield f"magic {magic:x}", struct.pack(">I", magic) + GOOD[4:]
    for shape in SHAPES:
        yield f"shape {shape}", struct.pack(">IIII", 0x803, *shape) + GOOD[16:]
    yield "one byte more", GOOD + b"x"
    yield "a megabyte more", GOOD + bytes(1 << 20)
    yield "text", b"hello world\n" * 100
    yield "a PNG", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "little-endian", struct.pack("<IIII", 0x803, 60, 28, 28) + GOOD[16:]
    yield "an LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 47056\n"


def compressed():
    z = gzip.compress(GOOD, 6)
    for n in (2, 3, 9, 10, 11, 12, 15, 20, 50, len(z) // 2, len(z) - 9, len(z) - 8, len(z) - 4, len(z) - 1):
        yield f"gzip cut at {n}", z[:n]
    yield "gzip, then garbage", z + b"garbage"
    yield "two members, the second cut", gzip.compress(GOOD[:100]) + gzip.compress(GOOD[100:])[:-3]
    yield "gzip of gzip", gzip.compress(z)
    yield "a bomb beyond the shape", gzip.compress(GOOD[:16] + bytes(200 << 20))
    yield "a bomb that the shape promises", gzip.compress(struct.pack(">IIII", 0x803, LARGE, 28, 28) + bytes(100 << 20))
    yield "a shape without data", gzip.compress(struct.pack(">IIII", 0x803, 5000, 28, 28) + bytes(20))
    yield "20000 empty members", gzip.compress(b"") * 20000
    yield "a name of a megabyte", b"\x1f\x8b\x08\x08" + bytes(6) + b"A" * (1 << 20)
    yield "zlib's format", zlib.compress(GOOD)


def run(check):
    check.train(check.path("model"))
    output = check.path("out.npy")
    for kind, suffix, cases, good in (("IDX files", "", plain(), GOOD), ("compressed IDX files", ".gz", compressed(), gzip.compress(GOOD))):
        path = check.path(f"images-idx3-ubyte{suffix}")
        words = ["encode", check.path("model"), "--data", path, "--out", output, "--device", "c"]
        for label, content in check.some(cases, 30):
            hostile.refuse(check, kind, label, words, path, content, output=output)
        for i, content in enumerate(formats.mutations(check.random, good, check.times(25, 1000))):
            hostile.refuse(check, kind, f"mutation {i}", words, path, content, may_pass=True, output=output)
