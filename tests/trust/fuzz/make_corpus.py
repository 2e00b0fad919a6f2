#!/usr/bin/env python3
"""make_corpus.py FOLDER: writes the small files that fuzzing starts from, a folder for each target."""
import base64
import gzip
import pathlib
import struct
import sys
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import formats  # noqa: E402

SHAPE = [1, 4, 4]
LAYERS = ([formats.conv2d(2, (3, 3)), formats.RELU, formats.conv2d(1, (2, 2))],
          [formats.conv_transpose2d(2, (2, 2)), formats.RELU, formats.conv_transpose2d(1, (3, 3))])
OP = ("conv2d_fwd n=20 wide_h=28 wide_w=28 wide_c=1 narrow_h=24 narrow_w=24 narrow_c=4 kh=5 kw=5 sh=1 sw=1 ph=0 pw=0 "
      "with_bias=1 activation=relu")
# Of 9x16 pixels: one with EXIF data, a progressive one, one of CMYK.
JPEGS = (FOLDER / "jpegs.txt").read_text().split()
EXIF = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"


def cache_entry(key, binary):
    return struct.pack("<8sQQII", b"claekrn1", len(key), len(binary), zlib.crc32(binary), 0) + key + binary


def archives():
    def labels(shape="(2,)", descr="|u1"):
        return formats.npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}", bytes([3, 0, 1, 0]))
    def images(order):
        return formats.npy(f"{{'descr': '|u1', 'fortran_order': {order}, 'shape': (2, 3, 6), }}", bytes(range(36)))
    both = {"x_train.npy": images("True"), "x_test.npy": images("False"), "y_train.npy": labels(), "y_test.npy": labels("(2, 1)", "<i2")}
    yield formats.npz(both)
    yield formats.npz(both, is_deflated=True)
    yield formats.npz({"x.npy": images("True"), "y.npy": labels()}, is_zip64=True)
    yield formats.npz({"arr_0.npy": formats.npz({"arr_0.npy": labels()})})
    png = formats.png(3, 4, 8, 6, bytes([1, *range(16)] * 3))
    yield formats.tar({"set/train/a/1.png": png, "set/train/b/2": png, "set/test/3.png": png, "set/notes.txt": b"words"})
    yield gzip.compress(formats.tar({f"{i}.png": png for i in range(4)}), mtime=0)


def corpus():
    images = formats.idx(2, 3, 3, bytes(range(18)))
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    arrays = [formats.npy(header.replace("<f4", descr).replace("(2, 3)", shape).replace("False", fortran), bytes(range(36)) * size)
              for descr, size in (("|u1", 1), ("<u2", 2), (">f4", 4), ("<f8", 8))
              for shape, fortran in (("(2, 3, 6)", "False"), ("(2, 3, 6, 1)", "True"), ("(2, 3, 1, 6)", "False"))]
    yield "images", [images, gzip.compress(images, mtime=0), gzip.compress(images[:9], mtime=0) + gzip.compress(images[9:], mtime=0), *arrays]
    palette = [(b"PLTE", bytes(range(12))), (b"tRNS", b"\0\x80"), (b"eXIf", EXIF)]
    yield "pictures", [formats.png(3, 4, 8, 6, bytes([1, *range(16)] * 3)), formats.png(5, 4, 2, 3, b"\0\x1b" * 5, palette),
                       formats.png(3, 3, 16, 4, bytes(42), is_interlaced=True), *map(base64.b64decode, JPEGS)]
    yield "archives", [*archives(), *arrays[:3]]
    yield "npy", [formats.npy(header, bytes(24)), formats.npy(header, bytes(24), (2, 0)), formats.npy(header.replace("(2, 3)", "(6,)"), bytes(24))]
    model = formats.model(SHAPE, *LAYERS)
    tensors, metadata, data = formats.split_safetensors(model)
    yield "safetensors", [model, formats.safetensors(tensors, data), formats.safetensors({}, b"", metadata), formats.raw_safetensors(b"{}")]
    yield "layers", [formats.layers(SHAPE, *LAYERS).encode(), formats.layers([1, 28, 28], [formats.conv2d(4, (5, 5), (2, 2), (1, 1))],
                                                                             [formats.conv_transpose2d(1, (4, 4), (2, 2), (0, 0), (1, 1))]).encode()]
    yield "model_text", [b"conv 4 k3x5 s2 p1 nobias, relu # and\n residual(conv 4 k3 p1, tanh)\nlinear 8x2x1", b"leaky_relu 0.1, max_pool 2 s1, dropout .5",
                         b"input: 2x9x7\nencoder: conv 4 k3 # first\n  relu\ndecoder: mirror\n"]
    entries = f"{OP}: direct LANES=4 VECTORS=1; 0.1250 ms\n{OP}: plain; 1 ms\n".encode()
    yield "tuning", [b"\0" + entries, b"\1clae tuning 4\ndevice c | n |  |  |  | 0 units\n" + entries, b"\0x\n"]
    yield "program_cache", [cache_entry(b"key", b"binary"), cache_entry(b"other", b"binary"), cache_entry(b"key", b"")]


def main():
    for target, files in corpus():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for i, content in enumerate(files):
            (folder / f"{i}").write_bytes(content)


if __name__ == "__main__":
    main()
