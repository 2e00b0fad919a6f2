"""The files that clae reads and writes: made, taken apart and checked here without any of its code."""
import io
import json
import pathlib
import struct
import tarfile
import zipfile
import zlib

SIDE = 28
PIXELS = SIDE * SIDE


def idx(n, height=SIDE, width=SIDE, pixels=None, magic=0x803):
    return struct.pack(">IIII", magic, n, height, width) + (bytes(n * height * width) if pixels is None else pixels)


def discs(n):
    """Images with discs of different places and sizes."""
    images = bytearray()
    for i in range(n):
        x, y, radius = 8 + i * 7 % 13, 8 + i * 5 % 11, 3 + i % 5
        images += bytes(255 if (k % SIDE - x) ** 2 + (k // SIDE - y) ** 2 < radius * radius else 0 for k in range(PIXELS))
    return bytes(images)


def write_dataset(folder, train, test):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stem, n in (("train", train), ("t10k", test)):
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(idx(n, pixels=discs(n)))


def npy(header, data=b"", version=(1, 0), header_bytes=None, magic=b"\x93NUMPY"):
    header = header if isinstance(header, bytes) else header.encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = len(header) if header_bytes is None else header_bytes
    packed = struct.pack("<H", length & 0xFFFF) if version[0] == 1 else struct.pack("<I", length)
    return magic + bytes(version) + packed + header + data


def npz(arrays, is_deflated=False, is_zip64=False):
    """arrays: the bytes of entries by name, as numpy.savez writes them, or savez_compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in arrays.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if is_deflated else zipfile.ZIP_STORED
            with archive.open(info, "w", force_zip64=is_zip64) as entry:
                entry.write(content)
    return file.getvalue()


def tar(files):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writer:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            writer.addfile(member, io.BytesIO(content))
    content = archive.getvalue().rstrip(b"\0")
    return content + bytes(-len(content) % 512 + 1024)


def safetensors(header, data, metadata=None, has_sum=True):
    """header: tensors by name; metadata goes into it with the sum of the data."""
    whole = dict(header)
    if metadata is not None:
        metadata = dict(metadata)
        if has_sum:
            metadata["data_crc32"] = f"{zlib.crc32(data):08x}"
        whole["__metadata__"] = metadata
    return raw_safetensors(json.dumps(whole).encode(), data)


def raw_safetensors(text, data=b"", header_bytes=None):
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text) if header_bytes is None else header_bytes) + text + data


def split_safetensors(raw):
    """(tensors by name, metadata, data); raises ValueError where the file is not whole."""
    if len(raw) < 8:
        raise ValueError("no header")
    (length,) = struct.unpack("<Q", raw[:8])
    if length > len(raw) - 8:
        raise ValueError("the header is cut")
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    data = raw[8 + length :]
    end = 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = tensor["data_offsets"]
        size = 4
        for factor in tensor["shape"]:
            size *= factor
        if first != end or last - first != size:
            raise ValueError(f"tensor {name} does not fit")
        end = last
    if end != len(data):
        raise ValueError("the data is cut")
    if "data_crc32" in metadata and int(metadata["data_crc32"], 16) != zlib.crc32(data):
        raise ValueError("the sum of the data is wrong")
    return header, metadata, data


def read_safetensors(path):
    return split_safetensors(pathlib.Path(path).read_bytes())


def damaged(folder):
    """The model files and checkpoints of a folder that are not whole, with the reason."""
    found = []
    for path in sorted(pathlib.Path(folder).rglob("*.safetensors")):
        try:
            read_safetensors(path)
        except (ValueError, KeyError, TypeError) as error:
            found.append(f"{path.name}: {error}")
    return found


def checkpoint_steps(folder):
    """The steps of the checkpoints that are whole, the newest last."""
    steps = []
    for path in pathlib.Path(folder).glob("checkpoint-*.safetensors"):
        try:
            steps.append(int(read_safetensors(path)[1]["step"]))
        except (ValueError, KeyError, TypeError):
            pass
    return sorted(steps)


def log_rows(folder):
    """The columns of log.csv that do not depend on time."""
    path = pathlib.Path(folder) / "log.csv"
    return [line.split(",")[:5] for line in path.read_text().splitlines()] if path.exists() else []


def conv2d(channels, kernel=(1, 1), stride=(1, 1), padding=(0, 0), output_padding=(0, 0), kind="conv2d"):
    return {"type": kind, "out_channels": channels, "kernel": list(kernel), "stride": list(stride), "padding": list(padding),
            "output_padding": list(output_padding)}


def conv_transpose2d(*arguments, **options):
    return conv2d(*arguments, kind="conv_transpose2d", **options)


RELU = {"type": "relu"}


def layers(shape, encoder, decoder):
    return json.dumps({"input": shape, "encoder": encoder, "decoder": decoder})


def model(shape, encoder, decoder, mean="0.1", std="0.3", fill=b"\0\0\0\0", has_tensors=True, format_name="clae-1"):
    """A model file with every weight the four bytes of fill."""
    header, data = {}, b""
    channels = shape[0]
    for half, specs in (("encoder", encoder), ("decoder", decoder)):
        for i, spec in enumerate(specs):
            if spec["type"] == "relu" or not has_tensors:
                continue
            out = spec["out_channels"]
            pair = [out, channels] if spec["type"] == "conv2d" else [channels, out]
            for name, dims in (("weight", pair + spec["kernel"]), ("bias", [out])):
                size = 1
                for factor in dims:
                    size *= factor
                header[f"{half}.{i}.{name}"] = {"dtype": "F32", "shape": dims, "data_offsets": [len(data), len(data) + 4 * size]}
                data += fill * size
            channels = out
    metadata = {"layers": layers(shape, encoder, decoder), "mean": mean, "std": std}
    if format_name:
        metadata["format"] = format_name
    return safetensors(header, data, metadata)


def mutations(random, good, count):
    """Copies of a good file with bits flipped, bytes cut, put in, doubled or overwritten."""
    for i in range(count):
        b = bytearray(good)
        where = random.randrange(len(b))
        kind = i % 6
        if kind == 0:
            b[where] ^= 1 << random.randrange(8)
        elif kind == 1:
            for _ in range(random.choice((2, 8, 64))):
                b[random.randrange(len(b))] = random.randrange(256)
        elif kind == 2:
            del b[where:]
        elif kind == 3:
            del b[where : where + random.choice((1, 4, 100))]
        elif kind == 4:
            b[where:where] = random.randbytes(random.choice((1, 8, 300)))
        else:
            b[where : where + 8] = random.choice((b"\xff" * 8, b"\0" * 8, b"\x7f" * 8, b"9" * 8))
        yield bytes(b)


def png(height, width, bits, colour, rows, chunks=(), is_interlaced=False):
    """`rows` with a filter byte before each; `chunks` stand before the pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, is_interlaced)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
