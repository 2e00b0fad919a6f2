#!/usr/bin/env python3
"""Random networks in PyTorch, in double precision, and in clae: the first loss and all gradients are the same but for
rounding, and so are the losses of ten steps of Adam.

Arguments: the program networks_for_pytorch, a device, and the folder of pytorch_reference.py. Skipped where torch is not
installed.
"""
import json
import os
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
sys.path.insert(0, sys.argv[3])
from pytorch_reference import Residual, load_model, read_safetensors

TRAINING_ERROR = 1e-5  # relative, of losses
PHILOX_DROPOUT = 7  # base/philox.h


def philox4x32_10(counter, key):
    """Salmon et al., 2011. The counter is four arrays of 64-bit numbers below 2^32; so is the result."""
    c, low = list(counter), np.uint64(0xffffffff)
    for i in range(10):
        products = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        keys = [np.uint64((k + i * step) & 0xffffffff) for k, step in zip(key, (0x9E3779B9, 0xBB67AE85))]
        c = [products[1] >> np.uint64(32) ^ c[1] ^ keys[0], products[1] & low,
             products[0] >> np.uint64(32) ^ c[3] ^ keys[1], products[0] & low]
    return np.stack(c, -1)


class Dropout(torch.nn.Module):
    """With clae's masks (ops/dropout.h)."""

    def __init__(self, p, seed, stream):
        super().__init__()
        self.p, self.seed, self.stream, self.step = np.float64(np.float32(p)), seed, stream, 0

    def forward(self, x):
        n, c, h, w = x.shape
        block = np.arange((x.numel() + 3) // 4, dtype=np.uint64)
        counter = [block] + [np.full_like(block, number) for number in (self.step, self.stream, PHILOX_DROPOUT)]
        bits = philox4x32_10(counter, (self.seed & 0xffffffff, self.seed >> 32)).reshape(-1)[:x.numel()]
        kept = torch.from_numpy(bits * 2.0**-32 >= self.p).reshape(n, h, w, c).permute(0, 3, 1, 2)
        self.step += 1
        return x * kept / (1 - self.p)


def take_dropout(module, seed, index=0):
    """Puts clae's dropout in the place of PyTorch's; the layers are counted as clae does, blocks behind their bodies."""
    for name, layer in module.named_children():
        if isinstance(layer, Residual):
            index = take_dropout(layer, seed, index)
        if isinstance(layer, torch.nn.Dropout):
            setattr(module, name, Dropout(layer.p, seed, index))
        index += 1
    return index


def load(folder):
    """The module, ready to be trained, and what clae's training gave."""
    module = load_model(os.path.join(folder, "model.safetensors")).double().train()
    training, metadata = read_safetensors(os.path.join(folder, "training.safetensors"))
    seed = int(metadata["seed"])
    take_dropout(module.decoder, seed, take_dropout(module.encoder, seed))
    return module, training, int(metadata["batch"])


def images_of(folder, training, module):
    _, metadata = read_safetensors(os.path.join(folder, "model.safetensors"))
    c, h, w = json.loads(metadata["layers"])["input"]
    images = training["images"].double().reshape(-1, h, w, c).permute(0, 3, 1, 2)
    return (images - module.mean) / module.std


def loss_of(module, x):
    return 0.5 * ((module.decoder(module.encoder(x)) - x) ** 2).sum() / len(x)


def check_gradients(folder, module, training):
    """The largest error as a share of its bound."""
    largest = 0
    for name, parameter in module.named_parameters():
        error = (training["gradient." + name].double() - parameter.grad).abs()
        bound = training["bound." + name].double()
        assert (error <= bound).all(), f"{folder}: gradient of {name}: off by {error.max():.3g}, bound {bound.max():.3g}"
        if bound.max() > 0:
            largest = max(largest, (error / bound).max().item())
    return largest


def check_network(folder):
    module, training, batch = load(folder)
    x = images_of(folder, training, module)
    adam = torch.optim.Adam(module.parameters(), lr=1e-3)
    batches = x.split(batch)
    shares = {"loss": 0, "gradients": 0, "ten steps": 0}
    for step, found in enumerate(training["losses"].reshape(-1).tolist()):
        adam.zero_grad()
        loss = loss_of(module, batches[step % len(batches)])
        loss.backward()
        error = abs(found - loss.item())
        if step == 0:
            shares["loss"] = error / training["loss_bound"].item()
            assert shares["loss"] <= 1, f"{folder}: loss {found:.9g}, PyTorch's {loss.item():.9g}"
            shares["gradients"] = check_gradients(folder, module, training)
        shares["ten steps"] = max(shares["ten steps"], error / loss.item() / TRAINING_ERROR)
        assert shares["ten steps"] <= 1, f"{folder}: loss of step {step + 1} {found:.9g}, PyTorch's {loss.item():.9g}"
        adam.step()
    return shares


def main(folder):
    program, device = sys.argv[1:3]
    os.environ.setdefault("CLAE_TEST_SEED", "301")  # of networks whose training does not depend on rounding errors
    status = subprocess.run([program, device, folder]).returncode
    if status:
        sys.exit(status)
    torch.set_num_threads(1)
    all_shares = [check_network(os.path.join(folder, name)) for name in sorted(os.listdir(folder), key=int)]
    assert len(all_shares) >= 30
    print(f"{len(all_shares)} networks, largest errors as shares of their bounds:",
          ", ".join(f"{key} {max(shares[key] for shares in all_shares):.3f}" for key in all_shares[0]))


with tempfile.TemporaryDirectory() as scratch:
    main(scratch)
