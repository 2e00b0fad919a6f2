#!/usr/bin/env python3
"""The lecture's autoencoder in PyTorch, to compare clae with.

Needs torch, numpy and safetensors from the Python package index; nothing else in the project does.

  pytorch_reference.py train --data DIR --out OUT.csv        test error after every epoch, like RUN/log.csv
  pytorch_reference.py init --out INIT.safetensors           freshly initialised weights
  pytorch_reference.py steps --data DIR --init F --log F     a line `step,loss` for every step, no shuffling
  pytorch_reference.py check --data DIR --model F --images F load_state_dict, then compare reconstructions
"""
import argparse
import gzip
import os
import sys
import time

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn


class AutoEncoder(nn.Module):
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


def load_model(path):
    """A model file of clae: the network, and the mean and deviation that pixels are normalised by."""
    with safe_open(path, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}
        mean, std = (float(file.metadata()[key]) for key in ("mean", "std"))
    latent_dim, channels = weights["encoder.8.weight"].shape[:2]
    model = AutoEncoder(channels, latent_dim)
    model.load_state_dict(weights)
    return model, mean, std


def new_model(args):
    torch.manual_seed(args.seed)
    model = AutoEncoder(args.channels, args.latent_dim)
    if args.init:
        weights = load_file(args.init)
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
    model, mean, std = load_model(args.model)
    images = np.load(args.images)
    pixels = read_idx_images(args.data, "t10k-images-idx3-ubyte")[:len(images)].float() / 255
    with torch.no_grad():
        ours = torch.cat([model((b - mean) / std) * std + mean for b in pixels.split(1000)])
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
