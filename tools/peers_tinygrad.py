#!/usr/bin/env python3
"""One measurement of compare-peers: tinygrad on the network of a model file of clae, as one JSON object.

  peers_tinygrad.py DEVICE MODEL CxHxW BATCH-SIZE THREADS SECONDS

DEVICE: CPU or CL, as tinygrad names them. Layers that the networks of compare-peers do not have are refused.
"""
import json
import os
import statistics
import sys
import time

DEVICE, FILE, SHAPE, BATCH_SIZE, THREADS, SECONDS = sys.argv[1:]
os.environ["DEV"] = DEVICE
os.environ["CPU_COUNT"] = THREADS

import tinygrad
from tinygrad import Context, Tensor, TinyJit, nn


def read_header(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header.pop("__metadata__"), {name: entry["shape"] for name, entry in header.items()}


# ---- layers as in the metadata of model files; shapes that these do not have are those of the weights

class Conv:
    def __init__(self, layer, shape, transposed):
        make = nn.ConvTranspose2d if transposed else nn.Conv2d
        inputs = shape[0] if transposed else shape[1]
        more = {"output_padding": tuple(layer["output_padding"])} if transposed else {}
        self.op = make(inputs, layer["out_channels"], tuple(layer["kernel"]), tuple(layer["stride"]), tuple(layer["padding"]), **more)

    def __call__(self, x):
        return self.op(x)


class Linear:
    def __init__(self, layer, shape):
        self.op, self.out_shape = nn.Linear(shape[1], shape[0]), layer["out_shape"]

    def __call__(self, x):
        return self.op(x.flatten(1)).reshape(x.shape[0], *self.out_shape)


class Residual:
    def __init__(self, body):
        self.body = body

    def __call__(self, x):
        return x + x.sequential(self.body)


def enlarged(layer):
    y, x = (int(factor) for factor in layer["factor"])
    return lambda t: t.repeat_interleave(y, 2).repeat_interleave(x, 3)


LAYERS = {
    "conv2d": lambda l, s: Conv(l, s, False),
    "conv_transpose2d": lambda l, s: Conv(l, s, True),
    "linear": Linear,
    "relu": lambda l, s: Tensor.relu,
    "max_pool2d": lambda l, s: lambda x: x.max_pool2d(tuple(l["kernel"]), tuple(l["stride"])),
    "upsample_nearest": lambda l, s: enlarged(l),
    "batch_norm": lambda l, s: nn.BatchNorm(s[0]),
    "flatten": lambda l, s: lambda x: x,
    "unflatten": lambda l, s: lambda x: x,
}


def build(layers, shapes, name):
    made = []
    for i, layer in enumerate(layers):
        own = f"{name}.{i}"
        if "body" in layer:
            made.append(Residual(build(layer["body"], shapes, own)))
        elif layer["type"] not in LAYERS:
            sys.exit(f"{own}: no layer type {layer['type']}")
        else:
            made.append(LAYERS[layer["type"]](layer, shapes.get(own + ".weight")))
    return made


# ---- the measurement

def rate(run, seconds):
    """Images per second: the median of pieces of a fifth of the time each; the first calls compile."""
    for _ in range(3):
        run()
    rates = []
    for _ in range(5):
        start, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - start < seconds / 5:
            run()
            count += 1
        rates.append(int(BATCH_SIZE) * count / (time.perf_counter() - start))
    return statistics.median(rates)


def main():
    metadata, shapes = read_header(FILE)
    layers = json.loads(metadata["layers"])
    encoder, decoder = (build(layers[half], shapes, half) for half in ("encoder", "decoder"))
    Tensor.manual_seed(0)
    batch = Tensor.randn(int(BATCH_SIZE), *map(int, SHAPE.split("x"))).realize()
    adam = nn.optim.Adam(nn.state.get_parameters([encoder, decoder]), lr=1e-3)

    @TinyJit
    def step(x):
        adam.zero_grad()
        loss = 0.5 * (x.sequential(encoder).sequential(decoder) - x).square().sum() / x.shape[0]
        loss.backward()
        return loss.realize(*adam.schedule_step())

    @TinyJit
    def encode(x):
        return x.sequential(encoder).realize()

    with Context(TRAINING=1):
        start = time.perf_counter()
        step(batch).item()
        first = time.perf_counter() - start
        trained = rate(lambda: step(batch).item(), float(SECONDS))
    print(json.dumps({
        "train": trained,
        "encode": rate(lambda: encode(batch).numpy(), float(SECONDS)),
        "first_seconds": first,
        "device": DEVICE,
        "device_bytes": 0,
        "version": "tinygrad " + getattr(tinygrad, "__version__", ""),
    }))


if __name__ == "__main__":
    main()
