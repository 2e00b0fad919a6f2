"""npy files that are cut, lie about their size, or hold what is no code."""
import formats
import hostile

DATA = bytes(64)


def header(shape="(2, 8)", descr="'<f4'", fortran="False", more=", "):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}{more}}}"


GOOD = formats.npy(header(), DATA)
HEADERS = ["{}", header(descr="'<f8'"), header(descr="'>f4'"), header(descr="'|O'"), header(fortran="True"), header("(2, 9)"),
           header("(2, -8)"), header("()"), header("(16)"), header("(16,)"), header("(4294967296, 4294967296)"),
           header("(18446744073709551616, 8)"), header("(4611686018427387904, 4)"), header("(1,1,1,1,1,1,1,1,1,16)"),
           header(more=", 'x': 1"), header()[:-1], "'descr'", header("(2 8)"), header("(,)"), header("(2,, 8)"), header("(2.0, 8)"),
           "{" * 5000, "{'" + "a" * 60000 + "':1}", header(descr="__import__('os').system('id')"), header("(9223372036854775807, 0)"),
           header("(1, 8)"), header("(2, 7)"), header("(0, 8)"), header("(8, 0)")]


def cases():
    for n in (0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 20, 64, 127, 128, 150, len(GOOD) - 1):
        yield f"cut at {n}", GOOD[:n]
    for version in ((0, 0), (1, 1), (4, 0), (255, 255)):
        yield f"version {version}", formats.npy(header(), DATA, version)
    for length in (0, 1, 10, 117, 65535):
        yield f"header of {length} bytes", formats.npy(header(), DATA, header_bytes=length)
    for length in (0, 2**31, 2**32 - 1, 65537):
        yield f"header of {length} bytes, version 2", formats.npy(header(), DATA, (2, 0), length)
    for text in HEADERS:
        yield f"header {text[:60]}", formats.npy(text, DATA)
    yield "control characters", formats.npy(b"{'descr': '\x1b[31m', 'fortran_order': False, 'shape': (2, 8), }", DATA)
    yield "a zero byte in the header", formats.npy(b"{'descr'\0: '<f4', }", DATA)
    yield "a byte more", formats.npy(header(), DATA + b"x")
    yield "NaN", formats.npy(header(), b"\xff\xff\xff\x7f" * 16)
    yield "infinity", formats.npy(header(), b"\0\0\x80\x7f" * 16)


def run(check):
    check.train(check.path("model"))
    path, output = check.path("codes.npy"), check.path("out.npy")
    words = ["decode", check.path("model"), "--codes", path, "--out", output, "--device", "c"]
    path.write_bytes(GOOD)
    check.must(*words)
    for label, content in check.some(cases(), 45):
        hostile.refuse(check, "npy files", label, words, path, content, output=output)
    for i, content in enumerate(formats.mutations(check.random, GOOD, check.times(40, 1500))):
        hostile.refuse(check, "npy files", f"mutation {i}", words, path, content, may_pass=True, output=output)
