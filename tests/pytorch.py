#!/usr/bin/env python3
"""The README's way from a model file to PyTorch gives the images that clae gives.

Arguments: README.md and the folder of pytorch_reference.py. Skipped where torch or safetensors are not installed.
"""
import os
import re
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    sys.path.insert(0, sys.argv[2])
    import pytorch_reference
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def clae(*arguments):
    subprocess.run([os.environ["CLAE_TEST_PROGRAM"], *arguments, "-q"], check=True)


def write_images(path, pixels):
    with open(path, "wb") as file:
        file.write(struct.pack(">IIII", 0x803, *pixels.shape) + pixels.tobytes())


def main(folder):
    readme = open(sys.argv[1], encoding="utf-8").read()
    recipe = re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1)
    os.chdir(folder)
    x = np.arange(28)
    bars = np.stack([255 * ((x + i) % 28 < 9) for i in range(60)]).astype(np.uint8)[:, None, :].repeat(28, 1)
    os.mkdir("data")
    for stem in ("train", "t10k"):
        write_images(f"data/{stem}-images-idx3-ubyte", bars)
    clae("train", "--data", "data", "--out", "run", "--channels", "4", "--latent-dim", "3", "--batch-size", "20",
         "--epochs", "20", "--lr", "0.003", "--device", "c")
    clae("encode", "run", "--data", "data", "--out", "codes.npy", "--device", "c")
    clae("decode", "run", "--codes", "codes.npy", "--out", "images.npy", "--device", "c")
    expected = np.load("images.npy")

    names = {"autoencoder": pytorch_reference.AutoEncoder(4, 3),
             "pixels": torch.from_numpy(bars[:, None] / np.float32(255))}
    exec(recipe, names)
    found = names["reconstructed"].detach().numpy().reshape(expected.shape)
    difference = np.abs(found - expected).max()
    spread = expected.std()
    print(f"largest difference {difference:.2g}, deviation of the images {spread:.2g}")
    assert spread > 0.01 and difference < 1e-5
    subprocess.run([sys.executable, os.path.join(sys.argv[2], "pytorch_reference.py"), "check", "--data", "data",
                    "--model", "run/model.safetensors", "--images", "images.npy"], check=True)


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
