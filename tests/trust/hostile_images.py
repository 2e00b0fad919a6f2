"""Files of images that are cut, lie about their size, or hold no images; compressed ones too."""
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


def header(shape="(60, 28, 28)", descr="|u1", fortran="False"):
    return f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"


PIXELS = bytes(60 * 28 * 28)
ARRAY = formats.npy(header(), PIXELS)
ARRAY_HEADERS = [header(shape) for shape in (
    "(61, 28, 28)", "(59, 28, 28)", "(60, 28)", "(47040,)", "()", "(60, 28, 28", "(60, 28, -28)", "(60, 28, 28, 28)", "(15, 4, 28, 28, 1)",
    "(30, 2, 392, 2)", "(15, 1, 784, 4)", "(0, 28, 28)", "(60, 0, 28)", "(4294967295, 28, 28)", "(4294967296, 1, 1)",
    "(4294967295, 4294967296, 4294967296)", "(18446744073709551616, 28, 28)", "(10000000000, 1, 1)", "(1000, 1000, 1000)")]
ARRAY_HEADERS += [header(descr=descr) for descr in ("<u2", "<f4", "<f8", "|i1", "|b1", "|O", "<c8", "<U1", "", "|u1' 'x")]
ARRAY_HEADERS += [header("(1, 4294967295, 536870911)", "<f8"), header(fortran="1"), "{}", "{" * 5000, "{'" + "a" * 60000 + "':1}"]


def arrays():
    for n in (1, 5, 6, 7, 8, 9, 10, 11, 12, 20, 64, 127, 128, 150, len(ARRAY) - 1):
        yield f"npy cut at {n}", ARRAY[:n]
    for text in ARRAY_HEADERS:
        yield f"npy header {text[:80]}", formats.npy(text, PIXELS)
    for length in (0, 1, 10, 117, 65535):
        yield f"npy header of {length} bytes", formats.npy(header(), PIXELS, header_bytes=length)
    for length in (0, 2**31, 2**32 - 1, 65537):
        yield f"npy header of {length} bytes, version 2", formats.npy(header(), PIXELS, (2, 0), length)
    yield "npy, a byte more", ARRAY + b"x"
    yield "npy, a megabyte more", ARRAY + bytes(1 << 20)
    yield "npy, NaN", formats.npy(header("(1, 28, 28)", "<f4"), b"\xff\xff\xff\x7f" * 784)
    yield "npy, beyond float32", formats.npy(header("(1, 28, 28)", ">f8", "True"), struct.pack(">d", 1e300) * 784)
    yield "a bomb beyond an npy shape", gzip.compress(ARRAY + bytes(200 << 20))
    yield "a bomb that an npy shape promises", gzip.compress(formats.npy(header("(5000000, 28, 28)"), bytes(100 << 20)))


DEEP = struct.pack(">IIIII", 0x804, 60, 1, 28, 28) + PIXELS


def deep():
    """IDX files of rank 4."""
    for n in (3, 4, 8, 19, 20, 100, len(DEEP) - 1):
        yield f"rank 4 cut at {n}", DEEP[:n]
    for shape in ((60, 0, 28, 28), (60, 28, 28, 0), (60, 65, 28, 28), (60, 28, 28, 2), (61, 1, 28, 28), (59, 1, 28, 28), (60, LARGE, 1, 1),
                  (LARGE, LARGE, LARGE, LARGE), (65536, 4, 65536, 65536), (15, 4, 28, 28), (60, 28, 1, 28)):
        yield f"rank 4, shape {shape}", struct.pack(">IIIII", 0x804, *shape) + PIXELS
    yield "rank 4, a byte more", DEEP + b"x"


def claim(archive, size):
    """The archive, of one stored array, as if that had `size` bytes: by the fields of 32 bits, or those of ZIP64."""
    start, end = bytearray(archive), archive.index(b"PK\1\2")
    if size < LARGE:
        start[18:26] = struct.pack("<II", size, size)
        start[end + 20 : end + 28] = struct.pack("<II", size, size)
        return bytes(start)
    field = start.index(struct.pack("<HH", 1, 16))
    start[field + 4 : field + 20] = struct.pack("<QQ", size, size)
    start[18:26] = b"\xff" * 8 # which not every version of zipfile writes
    return bytes(start)


PACKED = formats.npz({"x.npy": ARRAY})
FORTRAN = formats.npy(header(fortran="True"), PIXELS)
BOMB = formats.npy(header("(5000000, 28, 28)"), bytes(100 << 20))


def packed():
    """NumPy's archives."""
    for n in (4, 5, 29, 30, 34, 40, 100, len(PACKED) // 2, len(ARRAY)):
        yield f"npz cut at {n}", PACKED[:n]
    wide = formats.npz({"x.npy": ARRAY}, is_zip64=True)
    for size in (0, 1, len(ARRAY) - 1, 2**31, 2**32 - 2):
        yield f"npz that claims {size} bytes", claim(PACKED, size)
    for size in (2**32, 2**40, 2**63 - 1, 2**64 - 1):
        yield f"npz of 64 bits that claims {size} bytes", claim(wide, size)
    for text in ARRAY_HEADERS[::3]:
        for is_deflated in (False, True):
            yield f"npz of {text[:60]}", formats.npz({"x.npy": formats.npy(text, PIXELS)}, is_deflated)
    yield "npz of an array of Fortran's order, cut", formats.npz({"x.npy": FORTRAN[:-1]})
    yield "npz of an array of Fortran's order, of a wrong shape", formats.npz({"x.npy": FORTRAN.replace(b"(60, 28", b"(61, 28")})
    yield "a bomb beyond an npz array's shape", formats.npz({"x.npy": ARRAY + bytes(200 << 20)}, is_deflated=True)
    yield "a bomb that an npz array's shape promises", formats.npz({"x.npy": BOMB}, is_deflated=True)
    inner = PACKED
    for _ in range(20):
        inner = formats.npz({"x.npy": inner}, is_deflated=True)
    yield "npz in npz in npz", inner
    yield "npz without entries", formats.npz({})
    yield "npz of 20000 empty arrays", formats.npz({f"{i}.npy": b"" for i in range(20000)})
    yield "npz with a name of 60000 bytes", formats.npz({"a" * 60000 + ".npy": b"x", "b.npy": b"x"})
    yield "npz with names of control characters", formats.npz({"\x1b[2J\n.npy": b"x", "b.npy": b"x"})
    yield "npz with a text for its array", formats.npz({"x.npy": b"hello"})


PICTURE = formats.png(28, 28, 8, 0, (b"\0" + bytes(range(28))) * 28)
TAR = formats.tar({f"{i}.png": PICTURE for i in range(5)})


def claim_in_tar(size):
    """The archive, whose second member says that it has `size` bytes (base 256, as GNU's tar writes large sizes)."""
    at = 512 + len(PICTURE) + -len(PICTURE) % 512
    head = bytearray(TAR[at : at + 512])
    head[124:136] = b"\x80" + size.to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return TAR[:at] + head + TAR[at + 512 :]


def tars():
    for n in (511, 512, 513, 600, len(TAR) // 2 + 100):
        yield f"tar cut at {n}", TAR[:n]
    for size in (0, 1, 2**31, 2**40, 2**62, 2**63):
        yield f"tar with a member of {size} bytes", claim_in_tar(size)
    yield "tar without members", formats.tar({})
    yield "tar of empty pictures", formats.tar({f"{i}.png": b"" for i in range(5)})
    yield "tar of texts", formats.tar({f"{i}.txt": b"hello" for i in range(5)})
    yield "tar of a tar", formats.tar({"set.tar": TAR})
    yield "tar of names of control characters", formats.tar({"\x1b[2J\n.png": b"x", "b.png": PICTURE})
    yield "tar with a picture of 60000x60000", formats.tar({"a.png": formats.png(60000, 60000, 8, 0, b""), "b.png": PICTURE})
    yield "tar, compressed and cut", gzip.compress(TAR)[:-30]


def run(check):
    check.train(check.path("model"))
    output = check.path("out.npy")
    kinds = (("IDX files", "images-idx3-ubyte", plain(), GOOD), ("compressed IDX files", "images-idx3-ubyte.gz", compressed(), gzip.compress(GOOD)),
             ("npy files of images", "images.npy", arrays(), ARRAY), ("IDX files of rank 4", "images-idx4-ubyte", deep(), DEEP),
             ("npz files", "images.npz", packed(), PACKED), ("npz files of an array of Fortran's order", "images.npz", (), formats.npz({"x.npy": FORTRAN})),
             ("archives of pictures", "pictures.tar", tars(), TAR))
    # Each broken picture of an archive is named, and then how many there are.
    for kind, name, cases, good in kinds:
        path = check.path(name)
        words = ["encode", check.path("model"), "--data", path, "--out", output, "--device", "c"]
        most_lines = 6 if name == "pictures.tar" else 1
        for label, content in check.some(cases, 24):
            hostile.refuse(check, kind, label, words, path, content, output=output, most_lines=most_lines)
        for i, content in enumerate(formats.mutations(check.random, good, check.times(16, 1000))):
            hostile.refuse(check, kind, f"mutation {i}", words, path, content, may_pass=True, output=output, most_lines=most_lines)
