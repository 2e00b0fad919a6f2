"""safetensors files that are cut, damaged, made to look whole, or of other kinds, given as a model, to --init and to import."""
import copy
import json
import pathlib
import struct
import zipfile

import check as checks
import formats
import hostile

TENSOR = "encoder.0.weight"
SHAPES = ([], [4], [4, 1, 5, 6], [4, 1, 25], [100], [0], [4, 1, 5, 5, 1], [-4, 1, 5, 5], [4.0, 1, 5, 5], ["4", 1, 5, 5],
          [2**63 - 1, 2**63 - 1], [2**32, 2**32, 1, 25], [4, 1, 5, 5] * 3, "x", None, {"a": 1}, [[4], [1]], [True, 1, 5, 5])
TYPES = ("F16", "BF16", "F64", "I8", "f32", "", None, 5, "F32 ", ["F32"], "U64", "F32\0")
TEXTS = (b"{", b"[]", b"{}", b"null", b'"x"', b'{"a":1}', b'{"__metadata__":[]}', b'{"__metadata__":{"a":1}}', b"\xff\xfe{}",
         b'{"\xff":1}', b'{"a":"\xed\xa0\x80"}', b'{"a":1,"a":2}', b"{}x", b"{}\0", b'{"a":' + b"[" * 3000, b'{"a":1e400}',
         b'{"a":123456789012345678901234567890}', b'{"a\\u0000b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}')


def raw_cases(good):
    (length,) = struct.unpack("<Q", good[:8])
    for n in (0, 1, 7, 8, 9, 16, 100, 7 + length, 8 + length, 9 + length, len(good) // 2, len(good) - 4, len(good) - 1):
        yield f"cut at {n}", good[:n]
    for n in (0, 1, 2, length - 1, length + 1, length + 8, 2**24, 2**24 + 1, 2**31, 2**32, 2**63, 2**64 - 1, len(good) - 8, len(good)):
        yield f"header of {n} bytes", struct.pack("<Q", n) + good[8:]
    for text in TEXTS:
        yield f"header {text[:30]!r}", formats.raw_safetensors(text)
    for name, unit in (("numbers", b"1,"), ("lists", b"[],"), ("objects", b"{},"), ("texts", b'"",')):
        yield f"a header of 15 MiB of {name}", formats.raw_safetensors(b'{"a":[' + unit * ((15 << 20) // len(unit)) + b"1]}")


def header_cases(good):
    header, metadata, data = formats.split_safetensors(good)
    first, last = header[TENSOR]["data_offsets"]

    def changed(key, value):
        copied = copy.deepcopy(header)
        copied[TENSOR][key] = value
        return formats.safetensors(copied, data, metadata)

    for shape in SHAPES:
        yield f"shape {shape}", changed("shape", shape)
    for offsets in ([0], [first, last, last], [last, first], [first, last + 4], [first, 2**63 - 1], [2**63 - 1, 2**63 - 1],
                    [-1, last], ["a", "b"], [first + 1, last + 1], [1.5, last], None, {}, [first, first]):
        yield f"offsets {offsets}", changed("data_offsets", offsets)
    for kind in TYPES:
        yield f"dtype {kind!r}", changed("dtype", kind)
    for label, value in (("missing", "missing"), ("null", None), ("a number", 5), ("a list", [])):
        copied = dict(header)
        if value == "missing":
            del copied[TENSOR]
        else:
            copied[TENSOR] = value
        yield f"a tensor that is {label}", formats.safetensors(copied, data, metadata)
    name = "\x1b[2J\nclae: all is well"
    copied = dict(header, **{name: {"dtype": "F99", "shape": [0], "data_offsets": [len(data), len(data)]}})
    yield "control characters in a tensor's name", formats.safetensors(copied, data, metadata)
    yield "weights that are not finite", formats.safetensors(header, b"\xff\xff\xff\x7f" * (len(data) // 4), metadata)


def metadata_cases(good):
    header, metadata, data = formats.split_safetensors(good)
    for changes in ({"mean": "abc"}, {"mean": "1e999"}, {"std": "-0.0"}, {"std": "0"}, {"layers": "x"}, {"layers": ""},
                    {"mean": "nan"}, {"format": "clae-99"}, {"layers": "\x1b[2J\nclae: all is well"}):
        yield f"metadata {changes}", formats.safetensors(header, data, dict(metadata, **changes))


def half_cases(good):
    """Weights of 16 bits under a prefix, as PyTorch may have saved them, and what makes them bad."""
    header, _, data = formats.split_safetensors(good)

    def file(prefix=lambda i: "module.", kind=lambda i: "F16", fill=b"\x00\x3c", extra=None):
        written, end = {}, 0
        for i, (name, tensor) in enumerate(header.items()):
            size = (tensor["data_offsets"][1] - tensor["data_offsets"][0]) // 2
            written[prefix(i) + name] = {"dtype": kind(i), "shape": tensor["shape"], "data_offsets": [end, end + size]}
            end += size
        written.update(extra or {})
        return formats.safetensors(written, fill * (end // 2))

    yield "a prefix of some tensors", file(prefix=lambda i: "module." if i % 2 else "")
    yield "two prefixes", file(prefix=lambda i: "a." if i % 2 else "b.")
    yield "the prefix of an optimiser", file(prefix=lambda i: "adam.v.")
    yield "a prefix of control characters", file(prefix=lambda i: "\x1b[2J\n." if i else "")
    yield "a prefix of 100 kB on all but one", file(prefix=lambda i: "m" * 100000 + "." if i == 1 else "")
    yield "infinite numbers of F16", file(fill=b"\x00\x7c")
    yield "numbers of BF16 that are none", file(kind=lambda i: "BF16", fill=b"\xc0\x7f")
    yield "16 bits of another type", file(kind=lambda i: "I16" if i == 3 else "BF16")
    yield "a count of batches of a layer without statistics", file(
        extra={"module.encoder.1.num_batches_tracked": {"dtype": "I64", "shape": [0], "data_offsets": [len(data) // 2] * 2}})


def other_kinds(folder):
    archive = folder / "archive.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
    yield "a .pth of PyTorch", archive.read_bytes()
    yield "CSV", b"a,b,c\n1,2,3\n" * 1000
    yield "a PNG", b"\x89PNG\r\n\x1a\n" + bytes(1000)
    yield "an LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 14556\n"
    yield "JSON", json.dumps({"a": 1}).encode()


def check_init(check, cases, path):
    """--init: what is refused leaves no folder."""
    folder = check.path("run")
    words = ["train", "--data", check.data, "--init", path, "--out", folder, "--steps", "1", *checks.TRAINING, "--device", "c"]
    for label, content in cases:
        path.write_bytes(content)
        outcome = check.clae(*words, timeout=60)
        check.tried("safetensors files")
        check.judge(outcome, f"--init with {label}", codes=(0, 2), names=path.name)
        check.expect(outcome.code == 0 or not folder.exists(), f"--init with {label}", "an empty run folder is left")
        if folder.exists():
            for old in sorted(folder.rglob("*"), reverse=True):
                old.unlink()
            folder.rmdir()


def check_import(check, cases, path):
    """import: what is refused leaves what stood in the output's place."""
    output = check.path("imported.safetensors")
    words = ["import", path, *checks.TRAINING[2:], "--mean", "0.5", "--std", "0.25", "--out", output]
    for label, content in cases:
        hostile.refuse(check, "safetensors files", f"import of {label}", words, path, content, output=output)


def check_every_bit(check, good, words, path, output):
    """A flipped bit is refused, or the codes are the same: no header may make another model of the same data in silence."""
    output_good = pathlib.Path(output).with_suffix(".good")
    path.write_bytes(good)
    check.must(*words)
    output_good.write_bytes(output.read_bytes())
    (length,) = struct.unpack("<Q", good[:8])
    bits = range((8 + length) * 8)
    for bit in check.some(bits, 25) if not check.is_long else bits[::12]:
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        outcome = hostile.refuse(check, "safetensors files", f"bit {bit} flipped", words, path, bytes(changed), may_pass=True)
        if outcome.code == 0:
            check.expect(output.read_bytes() == output_good.read_bytes(), f"bit {bit} flipped", "another model, exit 0")


def run(check):
    check.train(check.path("model"))
    good = (check.path("model") / "model.safetensors").read_bytes()
    path, output = check.path("weights.safetensors"), check.path("out.npy")
    words = ["encode", path, "--data", check.data, "--out", output, "--device", "c"]
    cases = [*raw_cases(good), *header_cases(good), *metadata_cases(good), *other_kinds(check.folder)]
    for label, content in check.some(cases, 60):
        hostile.refuse(check, "safetensors files", label, words, path, content, output=output)
    for i, content in enumerate(formats.mutations(check.random, good, check.times(25, 1500))):
        hostile.refuse(check, "safetensors files", f"mutation {i}", words, path, content, may_pass=True, output=output)
    check_init(check, check.some(cases, 12), path)
    check_import(check, [*half_cases(good), *check.some(raw_cases(good), 5), *check.some(header_cases(good), 10)], path)
    check_every_bit(check, good, words, path, output)
