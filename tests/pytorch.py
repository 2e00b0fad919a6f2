#!/usr/bin/env python3
"""Networks in PyTorch and in clae are the same: the README's recipes, model files with every layer type, and weights
that PyTorch saves.

Arguments: README.md, the folder of pytorch_reference.py, and src. Skipped where torch is not installed.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[2])
import pytorch_reference
from pytorch_reference import load_model, read_safetensors

README, TOOLS, SOURCES = (os.path.abspath(path) for path in sys.argv[1:4])
SEED = 7
MEAN, STD = 0.25, 0.4
MEANS, STDS = (0.25, 0.5, 0.4), (0.4, 0.2, 0.3)  # of three channels


def clae(*arguments):
    subprocess.run([os.environ["CLAE_TEST_PROGRAM"], *arguments, "-q"], check=True)


def write_images(path, pixels):
    with open(path, "wb") as file:
        file.write(struct.pack(">IIII", 0x803, *pixels.shape) + pixels.tobytes())


def write_safetensors(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, values in tensors.items():
        raw = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def reconstruct(model, data):
    """What clae makes of the test images, N x C x H x W."""
    clae("encode", model, "--data", data, "--out", "codes.npy", "--device", "c")
    clae("decode", model, "--codes", "codes.npy", "--out", "images.npy", "--device", "c")
    images = np.load("images.npy")
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)


def compare(what, found, expected):
    found = found.detach().numpy()
    difference, spread = np.abs(found - expected).max(), expected.std()
    print(f"{what}: largest difference {difference:.2g}, deviation of the images {spread:.2g}")
    assert found.shape == expected.shape and spread > 0.01 and difference < 1e-5 * max(1, np.abs(expected).max())


def check_readme():
    """The recipes, as they stand there, on a model that clae has trained."""
    with open(README, encoding="utf-8") as file:
        recipes = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
    assert recipes
    x = np.arange(28)
    bars = np.stack([255 * ((x + i) % 28 < 9) for i in range(60)]).astype(np.uint8)[:, None, :].repeat(28, 1)
    os.mkdir("data")
    for stem in ("train", "t10k"):
        write_images(f"data/{stem}-images-idx3-ubyte", bars)
    clae("train", "--data", "data", "--out", "run", "--channels", "4", "--latent-dim", "3", "--batch-size", "20",
         "--epochs", "20", "--lr", "0.003", "--device", "c")
    expected = reconstruct("run", "data")
    names = {"pixels": torch.from_numpy(bars[:, None] / np.float32(255))}
    for recipe in recipes:
        exec(recipe, names)
        compare("README", names["reconstructed"], expected)
    np.save("images.npy", expected)
    subprocess.run([sys.executable, os.path.join(TOOLS, "pytorch_reference.py"), "check", "--data", "data", "--model",
                    "run/model.safetensors", "--images", "images.npy"], check=True)


def conv(channels, kernel, stride=1, padding=0, output_padding=0, kind="conv2d", **more):
    pair = lambda number: [number, number]
    return {"type": kind, "out_channels": channels, "kernel": pair(kernel), "stride": pair(stride), "padding": pair(padding),
            "output_padding": pair(output_padding), **more}


def layer(kind, **fields):
    return {"type": kind, **fields}


def weights_of(channels, *names):
    return {name: [channels] for name in names}


NORM = ("weight", "bias")
STATISTICS = (*NORM, "running_mean", "running_var")
INPUT = [3, 9, 7]
FIRST = (conv(6, 3, padding=1), {"weight": [6, 3, 3, 3], "bias": [6]})  # to 6x9x7
HALVE = (conv(4, 3, stride=2), {"weight": [4, 6, 3, 3], "bias": [4]})  # to 4x4x3
DOUBLE = (conv(3, 3, stride=2, kind="conv_transpose2d"), {"weight": [4, 3, 3, 3], "bias": [3]})  # and to 3x9x7

# Encoders and decoders: the JSON of each layer, and the shapes of its weights.
NETWORKS = {
    "activations": ([
        FIRST, (layer("relu"), {}), (layer("leaky_relu", parameter=0.2), {}), (layer("prelu"), {"weight": [6]}),
        (layer("residual", body=[conv(6, 3, padding=1), layer("silu"), conv(6, 1, no_bias=True)]),
         {"0.weight": [6, 6, 3, 3], "0.bias": [6], "2.weight": [6, 6, 1, 1]}),
        (layer("gelu"), {}), (layer("dropout", p=0.3), {}), HALVE, (layer("tanh"), {}),
        (layer("linear", out_shape=[5, 1, 1]), {"weight": [5, 48], "bias": [5]}),
    ], [
        (layer("linear", out_shape=[4, 4, 3]), {"weight": [48, 5], "bias": [48]}), (layer("sigmoid"), {}),
        (layer("softplus", parameter=2.0), {}), (layer("prelu", one_slope=True), {"weight": [1]}), DOUBLE,
    ]),
    "norms": ([
        FIRST, (layer("batch_norm"), weights_of(6, *STATISTICS)), (layer("relu"), {}),
        (layer("residual", body=[conv(6, 3, padding=1), layer("group_norm", groups=3)]),
         {"0.weight": [6, 6, 3, 3], "0.bias": [6], "1.weight": [6], "1.bias": [6]}), HALVE,
    ], [
        (layer("batch_norm"), weights_of(4, *STATISTICS)), (layer("group_norm", groups=1), weights_of(4, *NORM)), DOUBLE,
    ]),
    "pools": ([
        FIRST, (layer("max_pool2d", kernel=[3, 3], stride=[1, 1], padding=[1, 1]), {}),
        (layer("avg_pool2d", kernel=[3, 2], stride=[2, 2], padding=[1, 0]), {}),  # to 6x5x3
        (layer("max_pool2d", kernel=[2, 1], stride=[1, 1], padding=[0, 0]), {}),  # to 6x4x3
        (conv(4, 1), {"weight": [4, 6, 1, 1], "bias": [4]}),
    ], [DOUBLE]),
    "upsampling": ([
        FIRST, (layer("upsample_nearest", factor=[1, 2], size=[0, 0]), {}), HALVE,  # to 4x4x6
        (layer("upsample_bilinear", factor=[0, 0], size=[3, 5]), {}),
    ], [
        (layer("upsample_bilinear", factor=[2, 1], size=[0, 0]), {}),
        (layer("upsample_nearest", factor=[0, 0], size=[9, 7]), {}), (conv(3, 1), {"weight": [3, 4, 1, 1], "bias": [3]}),
    ]),
    "shapes": ([
        FIRST, HALVE, (layer("pixel_shuffle", factor=2), {}), (conv(2, 3, padding=1), {"weight": [2, 1, 3, 3], "bias": [2]}),
        (layer("pixel_unshuffle", factor=2), {}), (layer("flatten"), {}),  # from 8x4x3
        (layer("linear", out_shape=[5, 1, 1]), {"weight": [5, 96], "bias": [5]}),
    ], [
        (layer("linear", out_shape=[4, 4, 3]), {"weight": [48, 5], "bias": [48]}), (layer("unflatten"), {}), DOUBLE,
    ]),
}


def all_types(specs):
    return {spec["type"] for spec in specs} | {kind for spec in specs for kind in all_types(spec.get("body", []))}


def random_weights(random, halves):
    tensors = {}
    for half, layers in halves.items():
        for i, (_, shapes) in enumerate(layers):
            for name, shape in shapes.items():
                bound = 1.5 / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 1)
                low = 0.2 if name.endswith("running_var") else -bound
                tensors[f"{half}.{i}.{name}"] = random.uniform(low, bound, shape).astype(np.float32)
    return tensors


def words_of(numbers):
    return ",".join(map(str, numbers))


def check_network(name, encoder, decoder):
    """From the model file alone, to the same images."""
    random = np.random.default_rng(SEED)
    pixels = random.uniform(0, 1, (20, *INPUT)).astype(np.float32)
    np.save("pixels.npy", pixels)
    tensors = random_weights(random, {"encoder": encoder, "decoder": decoder})
    layers = {"input": INPUT, "encoder": [spec for spec, _ in encoder], "decoder": [spec for spec, _ in decoder]}
    write_safetensors("layers.safetensors", tensors, {"layers": json.dumps(layers), "mean": words_of(MEANS), "std": words_of(STDS)})
    model = load_model("layers.safetensors")
    assert (*model.mean.flatten(),) == MEANS and (*model.std.flatten(),) == STDS
    loaded = {key: value for key, value in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    assert set(loaded) == set(tensors)
    assert all(np.array_equal(loaded[key].numpy(), tensors[key]) for key in tensors)
    compare(name, model(torch.from_numpy(pixels)), reconstruct("layers.safetensors", "pixels.npy"))
    return all_types(layers["encoder"] + layers["decoder"])


def check_layers():
    tried = set().union(*(check_network(name, *halves) for name, halves in NETWORKS.items()))
    known = set()
    for path, ending in (("graph/layers.def", ""), ("ops/activations.def", ""), ("ops/pools.def", "_pool2d")):
        with open(os.path.join(SOURCES, path), encoding="utf-8") as file:
            known.update(name + ending for name in re.findall(r"(?m)^(?:LAYER|ACTIVATION|POOL)\((\w+)", file.read()))
    assert known == tried, f"the networks here lack the layers {known - tried}"


def check_import():
    """The lecture's network as PyTorch saves it, with the prefix of DataParallel, in each type."""
    from safetensors.torch import save_file
    torch.manual_seed(SEED)
    for kind in (torch.float32, torch.float16, torch.bfloat16):
        network = torch.nn.DataParallel(pytorch_reference.Lecture(4, 3)).to(kind)
        with torch.no_grad():
            for weights in network.parameters():
                weights.mul_(3)  # an untrained network's images are all alike
        save_file(network.state_dict(), "weights.safetensors")
        clae("import", "weights.safetensors", "--channels", "4", "--latent-dim", "3", "--mean", str(MEAN), "--std", str(STD),
             "--out", "imported.safetensors")
        tensors, _ = read_safetensors("imported.safetensors")
        assert all(torch.equal(tensors[name], value.float()) for name, value in network.module.state_dict().items())
        pixels = torch.from_numpy(np.fromfile("data/t10k-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 1, 28, 28) / np.float32(255))
        reconstructed = network.module.float()((pixels - MEAN) / STD) * STD + MEAN
        compare(f"import of {kind}", reconstructed, reconstruct("imported.safetensors", "data"))


def check_import_of_text():
    """A module of one's own with statistics, and layers without weights, which count in the names."""
    from safetensors.torch import save_file
    nn = torch.nn
    torch.manual_seed(SEED)
    model = nn.Module()
    model.encoder = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.LeakyReLU(0.1), nn.MaxPool2d(2),
                                  nn.Flatten(), nn.Linear(24, 5))
    model.decoder = nn.Sequential(nn.Linear(5, 24), nn.Unflatten(1, (6, 2, 2)), nn.BatchNorm2d(6), nn.SiLU(),
                                  nn.Upsample((5, 4), mode="bilinear"), nn.ConvTranspose2d(6, 3, 3, stride=2, padding=1))
    pixels = torch.rand(30, *INPUT)
    mean, std = (torch.tensor(numbers).reshape(-1, 1, 1) for numbers in (MEANS, STDS))
    with torch.no_grad():
        for _ in range(20):  # statistics come from images
            model.decoder(model.encoder((torch.rand(30, *INPUT) - mean) / std))
    save_file({"model." + name: value for name, value in model.state_dict().items()}, "weights.safetensors")
    clae("import", "weights.safetensors", "--image-size", "x".join(map(str, INPUT)), "--mean", words_of(MEANS), "--std", words_of(STDS),
         "--encoder", "conv 6 k3 s2 p1, batch_norm, leaky_relu 0.1, max_pool2d 2, flatten, linear 5",
         "--decoder", "linear 6x2x2, unflatten, batch_norm, silu, upsample_bilinear to5x4, conv_transpose 3 k3 s2 p1",
         "--out", "imported.safetensors")
    model.eval()
    np.save("pixels.npy", pixels.numpy())
    compare("import of a text", model.decoder(model.encoder((pixels - mean) / std)) * std + mean,
            reconstruct("imported.safetensors", "pixels.npy"))


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    check_readme()
    check_layers()
    try:
        check_import()
        check_import_of_text()
    except ImportError as error:
        print(f"without safetensors: {error}")
