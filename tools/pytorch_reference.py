#!/usr/bin/env python3
"""clae's networks in PyTorch: to use a model file there, and to compare clae with.

Needs torch and numpy, and to write weights safetensors, from the Python package index; nothing else in the project does.

  pytorch_reference.py train --data DIR --out OUT.csv        the lecture's test error after every epoch, like RUN/log.csv
  pytorch_reference.py init --out INIT.safetensors           freshly initialised weights of the lecture's network
  pytorch_reference.py steps --data DIR --init F --log F     a line `step,loss` for every step, no shuffling
  pytorch_reference.py check --data DIR --model F --images F load_state_dict, then compare reconstructions

In a program, the module of any model file:

  autoencoder = load_model("run/model.safetensors")
  reconstructed = autoencoder(pixels)      # pixels from 0 to 1, N x C x H x W
  codes = autoencoder.encode(pixels)       # and autoencoder.decode(codes)
"""
import argparse
import gzip
import json
import os
import sys
import time

import numpy as np
import torch
from torch import nn


# ---- layers as in the model files' metadata; shapes that these do not have are those of the weights

class Linear(nn.Linear):
    """From any C x H x W to any other, both in PyTorch's order."""

    def __init__(self, weight, out_shape, bias):
        super().__init__(weight[1], weight[0], bias)
        self.out_shape = out_shape

    def forward(self, x):
        return super().forward(x.flatten(1)).reshape(-1, *self.out_shape)


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def upsample(mode, **options):
    def make(layer, _):
        size, factor = tuple(layer["size"]), tuple(map(float, layer["factor"]))
        return nn.Upsample(size if all(size) else None, factor if all(factor) else None, mode, **options)
    return make


# By type: the module of a layer, from its JSON and the shapes of its weights.
LAYERS = {
    "conv2d": lambda l, w: nn.Conv2d(w["weight"][1], l["out_channels"], l["kernel"], l["stride"], l["padding"],
                                     bias="bias" in w),
    "conv_transpose2d": lambda l, w: nn.ConvTranspose2d(w["weight"][0], l["out_channels"], l["kernel"], l["stride"],
                                                        l["padding"], l["output_padding"], bias="bias" in w),
    "linear": lambda l, w: Linear(w["weight"], l["out_shape"], "bias" in w),
    "relu": lambda l, w: nn.ReLU(),
    "leaky_relu": lambda l, w: nn.LeakyReLU(l["parameter"]),
    "prelu": lambda l, w: nn.PReLU(w["weight"][0]),
    "silu": lambda l, w: nn.SiLU(),
    "gelu": lambda l, w: nn.GELU(),
    "tanh": lambda l, w: nn.Tanh(),
    "sigmoid": lambda l, w: nn.Sigmoid(),
    "softplus": lambda l, w: nn.Softplus(l["parameter"]),
    "max_pool2d": lambda l, w: nn.MaxPool2d(l["kernel"], l["stride"], l["padding"]),
    "avg_pool2d": lambda l, w: nn.AvgPool2d(l["kernel"], l["stride"], l["padding"]),
    "upsample_nearest": upsample("nearest"),
    "upsample_bilinear": upsample("bilinear", align_corners=False),
    "pixel_shuffle": lambda l, w: nn.PixelShuffle(l["factor"]),
    "pixel_unshuffle": lambda l, w: nn.PixelUnshuffle(l["factor"]),
    "flatten": lambda l, w: nn.Identity(),  # Linear does both
    "unflatten": lambda l, w: nn.Identity(),
    "batch_norm": lambda l, w: nn.BatchNorm2d(w["weight"][0]),
    "group_norm": lambda l, w: nn.GroupNorm(l["groups"], w["weight"][0]),
    "dropout": lambda l, w: nn.Dropout(l["p"]),
}


def build(layers, shapes, name, sequence=nn.Sequential):
    """The layers of a half or of a block; shapes: those of the weights by their names, which begin with `name`."""
    modules = []
    for i, layer in enumerate(layers):
        own = f"{name}.{i}"
        if "body" in layer:
            modules.append(build(layer["body"], shapes, own, Residual))
            continue
        if layer["type"] not in LAYERS:
            raise ValueError(f"{own}: no layer type {layer['type']}")
        weights = {key[len(own) + 1:]: shape for key, shape in shapes.items() if key.startswith(own + ".")}
        modules.append(LAYERS[layer["type"]](layer, weights))
    return sequence(*modules)


def per_channel(numbers):
    """To be broadcast over N x C x H x W."""
    return torch.tensor(numbers, dtype=torch.float64).reshape(-1, 1, 1)


class Autoencoder(nn.Module):
    """A network of clae. Pixels are from 0 to 1, N x C x H x W; the halves have normalised ones. The names of the state_dict
    are those of model files."""

    def __init__(self, encoder, decoder, mean, std):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        # One of each channel, or one number for all; no buffers, as they are not among the tensors of model files.
        self.mean, self.std = per_channel(mean), per_channel(std)

    def encode(self, pixels):
        return self.encoder((pixels - self.mean.to(pixels)) / self.std.to(pixels))

    def decode(self, codes):
        return self.decoder(codes) * self.std.to(codes) + self.mean.to(codes)

    def forward(self, pixels):
        return self.decode(self.encode(pixels))


# ---- model files

def numbers(data, kind):
    """As 32-bit floats, which hold all of these types."""
    if kind == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, {"F32": "<f4", "F16": "<f2"}[kind]).astype(np.float32)


def read_safetensors(path):
    """(tensors by name, metadata) of a file that clae wrote."""
    with open(path, "rb") as file:
        raw = file.read()
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        tensors[name] = torch.from_numpy(numbers(raw[start + first:start + last], entry["dtype"]).reshape(entry["shape"]))
    return tensors, metadata


def statistics(text):
    """Of each channel, from a file's metadata."""
    return [float(number) for number in text.split(",")]


def load_model(path):
    """The module of a model file or checkpoint of clae, or of a run's folder, with its weights, ready to be evaluated."""
    tensors, metadata = read_safetensors(os.path.join(path, "model.safetensors") if os.path.isdir(path) else path)
    weights = {name: tensor for name, tensor in tensors.items() if name.split(".")[0] in ("encoder", "decoder")}
    shapes = {name: list(tensor.shape) for name, tensor in weights.items()}
    layers = json.loads(metadata["layers"])
    halves = [build(layers[half], shapes, half) for half in ("encoder", "decoder")]
    model = Autoencoder(*halves, *(statistics(metadata[key]) for key in ("mean", "std")))
    model.load_state_dict(weights)
    return model.eval()


# ---- the lecture's network, on normalised pixels

class Lecture(nn.Module):
    """Names and shapes are those of clae's model files."""

    def __init__(self, channels, latent_dim):
        super().__init__()
        c = channels
        self.encoder = nn.Sequential(
            nn.Conv2d(1, c, 5), nn.ReLU(), nn.Conv2d(c, c, 5), nn.ReLU(), nn.Conv2d(c, c, 4, stride=2), nn.ReLU(),
            nn.Conv2d(c, c, 3, stride=2), nn.ReLU(), nn.Conv2d(c, latent_dim, 4))
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(latent_dim, c, 4), nn.ReLU(), nn.ConvTranspose2d(c, c, 3, stride=2), nn.ReLU(),
            nn.ConvTranspose2d(c, c, 4, stride=2), nn.ReLU(), nn.ConvTranspose2d(c, c, 5), nn.ReLU(),
            nn.ConvTranspose2d(c, 1, 5))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def read_idx_images(folder, stem):
    for name in (stem, stem + ".gz"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with (gzip.open if name.endswith(".gz") else open)(path, "rb") as f:
                raw = f.read()
            n, h, w = np.frombuffer(raw, ">u4", 3, 4)
            return torch.from_numpy(np.frombuffer(raw, np.uint8, n * h * w, 16).reshape(n, 1, h, w).copy())
    sys.exit(f"no {stem}[.gz] in {folder}")


def load_data(args):
    train = read_idx_images(args.data, "train-images-idx3-ubyte")
    test = read_idx_images(args.data, "t10k-images-idx3-ubyte")
    if args.limit_train:
        train = train[:args.limit_train]
    scaled = train.double() / 255
    mean, std = scaled.mean().item(), scaled.std(unbiased=False).item()
    dtype = torch.float64 if args.float64 else torch.float32
    return [normalise(x, mean, std).to(dtype) for x in (train, test)], std


def normalise(pixels, mean, std):
    """clae's numbers to the bit, so that all arithmetic begins with the same ones: factor and offset in float32, one rounding."""
    factor, offset = (torch.tensor(v, dtype=torch.float32).double() for v in (1 / (255 * std), -mean / std))
    return (pixels.double() * factor + offset).float()


def new_model(args):
    torch.manual_seed(args.seed)
    model = Lecture(args.channels, args.latent_dim)
    if args.init:
        weights, _ = read_safetensors(args.init)
        model.load_state_dict({k: v for k, v in weights.items() if k.split(".")[0] in ("encoder", "decoder")})
    return model.double() if args.float64 else model


def step(model, optimizer, batch):
    loss = 0.5 * (model(batch) - batch).pow(2).sum() / batch.size(0)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def test_error(model, test, std):
    with torch.no_grad():
        total = sum((model(b) - b).pow(2).sum().item() for b in test.split(1000))
    return 0.5 * total / len(test), total * std * std / test.numel()


def command_train(args):
    (train, test), std = load_data(args)
    model = new_model(args)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    generator = torch.Generator().manual_seed(args.seed)
    with open(args.out, "w") as log:
        log.write("epoch,train_loss,test_loss,test_mse_per_pixel,seconds\n")
        for epoch in range(1, args.epochs + 1):
            start = time.time()
            order = torch.randperm(len(train), generator=generator)
            losses = [step(model, optimizer, train[i]) for i in order.split(args.batch_size)]
            seconds = time.time() - start
            test_loss, mse = test_error(model, test, std)
            log.write(f"{epoch},{np.mean(losses):.6f},{test_loss:.6f},{mse:.6f},{seconds:.2f}\n")
            log.flush()


def command_init(args):
    from safetensors.torch import save_file
    save_file(new_model(args).state_dict(), args.out)


def command_steps(args):
    (train, _), _ = load_data(args)
    model = new_model(args)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    with open(args.log, "w") as log:
        log.write("step,loss\n")
        batches = train.split(args.batch_size)
        for i in range(args.steps):
            log.write(f"{i + 1},{step(model, optimizer, batches[i % len(batches)]):.9g}\n")


def command_check(args):
    model = load_model(args.model)
    images = np.load(args.images)
    pixels = read_idx_images(args.data, "t10k-images-idx3-ubyte")[:len(images)].float() / 255
    with torch.no_grad():
        ours = torch.cat([model(b) for b in pixels.split(1000)])
    difference = np.abs(ours.numpy().reshape(images.shape) - images).max()
    mse = (ours - pixels).pow(2).mean().item()
    print(f"{len(images)} images, largest difference {difference:.3g} (pixels in [0,1]), mse_per_pixel {mse:.6f}")
    sys.exit(0 if difference <= 1e-5 else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["train", "init", "steps", "check"])
    parser.add_argument("--data", help="a folder with MNIST-named files")
    parser.add_argument("--out", help="the file to write")
    parser.add_argument("--log", help="the step log to write")
    parser.add_argument("--model", help="a model file of clae")
    parser.add_argument("--images", help="reconstructions by clae (.npy, pixels in [0,1])")
    parser.add_argument("--init", help="initial weights")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--latent-dim", type=int, default=8)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit-train", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--float64", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    {"train": command_train, "init": command_init, "steps": command_steps, "check": command_check}[args.command](args)


if __name__ == "__main__":
    main()
