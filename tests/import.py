#!/usr/bin/env python3
"""`clae import`: weights of a model come back as they were, in each type and with any prefix, and what does not fit is named.

Argument: the folder of formats.py, which writes files.
"""
import filecmp
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import formats

NETWORK = ["--channels", "32", "--latent-dim", "3"]
SEED = 5


def run(*words):
    return subprocess.run([os.environ["CLAE_TEST_PROGRAM"], *map(str, words)], capture_output=True, text=True, check=False)


def must(*words):
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done


def import_file(path, *words, mean="0.25", std="0.5", out="imported.safetensors"):
    return run("import", path, *NETWORK, "--mean", mean, "--std", std, "--out", out, *words)


def write_floats(path, header, data, kind="F32", prefix="", shuffled=False):
    """The tensors as another program writes them: in its order, without metadata; gives the values by names as they are there."""
    names, written, out, values = list(header), {}, b"", {}
    if shuffled:
        random.Random(SEED).shuffle(names)
    for name in names:
        first, last = header[name]["data_offsets"]
        floats = struct.unpack(f"<{(last - first) // 4}f", data[first:last])
        if kind == "F16":
            raw = struct.pack(f"<{len(floats)}e", *floats)
            values[name] = struct.unpack(f"<{len(floats)}e", raw)
        elif kind == "BF16":
            raw = b"".join(struct.pack("<f", value)[2:] for value in floats)
            values[name] = struct.unpack(f"<{len(floats)}f", b"".join(b"\0\0" + raw[i:i + 2] for i in range(0, len(raw), 2)))
        else:
            raw, values[name] = data[first:last], floats
        written[prefix + name] = {"dtype": kind, "shape": header[name]["shape"], "data_offsets": [len(out), len(out) + len(raw)]}
        out += raw
    path.write_bytes(formats.safetensors(written, out))
    return values


def read_floats(path):
    header, _, data = formats.read_safetensors(path)
    return {name: struct.unpack(f"<{(t['data_offsets'][1] - t['data_offsets'][0]) // 4}f", data[slice(*t["data_offsets"])])
            for name, t in header.items()}


def comes_back(model, weights):
    header, metadata, data = formats.read_safetensors(model)
    write_floats(weights, header, data, prefix="module.", shuffled=True)
    done = import_file(weights, mean=metadata["mean"], std=metadata["std"])
    assert done.returncode == 0 and "wrote imported.safetensors: images of 1x28x28, codes of 3x1x1, " in done.stderr, done.stderr
    again, metadata_again, data_again = formats.read_safetensors("imported.safetensors")
    assert again == header and data_again == data
    assert all(metadata_again[key] == metadata[key] for key in ("format", "layers", "mean", "std", "model_crc32"))
    words = ["--data", "data", "--device", "c", "--json"]
    errors = [json.loads(must("eval", path, *words).stdout) for path in (model, "imported.safetensors")]
    assert errors[0] == errors[1], errors
    for path, codes in ((model, "a.npy"), ("imported.safetensors", "b.npy")):
        must("encode", path, "--data", "data", "--out", codes, "--device", "c")
    assert filecmp.cmp("a.npy", "b.npy", shallow=False)
    # A model that clae wrote is a file of weights too.
    must("import", model, *NETWORK, "--mean", metadata["mean"], "--std", metadata["std"], "--out", "imported.safetensors")
    assert formats.read_safetensors("imported.safetensors")[2] == data


def types(model, weights):
    header, _, data = formats.read_safetensors(model)
    for kind in ("F16", "BF16"):
        for prefix in ("", "model.", "module.net."):
            expected = write_floats(weights, header, data, kind, prefix)
            assert import_file(weights).returncode == 0
            assert read_floats("imported.safetensors") == expected


def every_half(model, weights):
    """The largest tensor has each finite number of F16, in three files; it stands at the end of the data there."""
    header, _, data = formats.read_safetensors(model)
    name, count = "encoder.2.weight", 32 * 32 * 5 * 5
    first, last = header[name]["data_offsets"]
    tail = len(data) - (last - first)
    for tensor in header.values():
        tensor["data_offsets"] = [n if n <= first else n - (last - first) for n in tensor["data_offsets"]]
    header[name].update(dtype="F16", data_offsets=[tail, tail + 2 * count])
    finite = [bits for bits in range(1 << 16) if bits & 0x7C00 != 0x7C00]
    for start in range(0, len(finite), count):
        raw = struct.pack(f"<{count}H", *(finite[(start + i) % len(finite)] for i in range(count)))
        weights.write_bytes(formats.safetensors(header, data[:first] + data[last:] + raw))
        done = import_file(weights)
        assert done.returncode == 0, done.stderr
        _, _, found = formats.read_safetensors("imported.safetensors")
        assert found[first:last] == struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", raw))


def refusals(model, weights):
    header, _, data = formats.read_safetensors(model)

    def refused(changed, *parts, words=(), **options):
        weights.write_bytes(formats.safetensors(changed, data))
        pathlib.Path("kept.safetensors").write_bytes(b"old")
        done = import_file(weights, *words, out="kept.safetensors", **options)
        errors = [line for line in done.stderr.splitlines() if line.startswith("clae import: ")]
        assert done.returncode == 2 and len(errors) == 1, done
        assert all(part in errors[0] for part in parts), errors
        assert pathlib.Path("kept.safetensors").read_bytes() == b"old"

    others = {name.replace("encoder", "features"): value for name, value in header.items()}
    refused(others, "weights.safetensors: ", "it has no encoder.0.weight, encoder.0.bias, encoder.2.weight and 7 more",
            "does not use its features.0.weight, features.0.bias, features.2.weight and 7 more")
    some = {("module." if name.startswith("encoder") else "") + name: value for name, value in header.items()}
    refused(some, "it has no encoder.0.weight", "its module.encoder.0.weight")
    shape = dict(header)
    shape["encoder.0.weight"] = dict(header["encoder.0.weight"], shape=[32, 25, 1, 1])
    shape["decoder.8.bias"] = dict(header["decoder.8.bias"], shape=[])
    refused(shape, "encoder.0.weight is 32x25x1x1 where the model has 32x1x5x5, decoder.8.bias is a single number where the model has 1")
    kind = dict(header)
    kind["encoder.0.bias"] = dict(header["encoder.0.bias"], dtype="I32")
    refused(kind, "encoder.0.bias is of type I32 where F32, F16 or BF16 is needed")
    refused(header, "--std", std="0")
    refused(header, "--mean", mean="nan")
    refused(header, "--mean", mean="0.5,,0.5")
    refused(header, "--mean has 3 numbers, the images have 1 channels", mean="0.1,0.2,0.3")
    refused(header, "is the model: choose another file", words=["--out", weights])
    refused(header, ".png", words=["--out", "model.png"])
    refused(header, "where the model has", words=["--channels", "5"])


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    formats.write_dataset(pathlib.Path("data"), 100, 30)
    must("train", "--data", "data", "--out", "run", *NETWORK, "--steps", "3", "--batch-size", "20", "--device", "c")
    for check in (comes_back, types, every_half, refusals):
        check(pathlib.Path("run/model.safetensors"), pathlib.Path("weights.safetensors"))
