#!/usr/bin/env python3
"""One measurement of compare-peers: PyTorch on the network of a model file of clae, as one JSON object.

  peers_pytorch.py VARIANT MODEL CxHxW BATCH-SIZE THREADS SECONDS

VARIANT: cpu or cuda, and after commas channels_last, compile, graph, tf32.
"""
import json
import os
import statistics
import sys
import time

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pytorch_reference import load_model

IMAGES = 10000  # on a GPU; on a CPU as many as ten batches


def rate(run, images, seconds, synchronize):
    """Images per second: the median of pieces of a fifth of the time each, after some for warming up."""
    run()
    synchronize()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds / 5 or count < 1:
        run()
        synchronize()
        count += 1
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            run()
        synchronize()
        rates.append(images * count / (time.perf_counter() - start))
    return statistics.median(rates)


def make_step(model, variant, batch_size):
    """A training step on a batch."""
    compiled = "compile" in variant
    forward = torch.compile(model) if compiled else model
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=compiled or None, capturable="graph" in variant)

    def step(batch):
        loss = 0.5 * (forward(batch) - batch).pow(2).sum() / batch_size
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    return step


def capture(run, static):
    """run(static) as a CUDA graph, after the warm-up that PyTorch asks for."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run(static)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run(static)

    def replay(batch):
        static.copy_(batch)
        graph.replay()

    return replay


def main():
    variant, file, shape, batch_size, threads, seconds = sys.argv[1:]
    variant, batch_size, seconds = variant.split(","), int(batch_size), float(seconds)
    cuda = variant[0] == "cuda"
    torch.set_num_threads(int(threads))
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "tf32" in variant
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    device = torch.device(variant[0])
    memory_format = torch.channels_last if {"channels_last", "compile"} & set(variant) else torch.contiguous_format
    network = load_model(file)
    model = torch.nn.Sequential(network.encoder, network.decoder).to(device, memory_format=memory_format).train()
    count = max(IMAGES, batch_size) if cuda else 10 * batch_size
    images = torch.randn(count, *map(int, shape.split("x")), device=device).contiguous(memory_format=memory_format)
    first = images[:batch_size].clone()
    train = make_step(model, variant, batch_size)
    encoder = torch.compile(model[0]) if "compile" in variant else model[0]

    def encode(batch):
        with torch.no_grad():
            encoder(batch)

    synchronize = torch.cuda.synchronize if cuda else lambda: None
    if "graph" in variant:
        train = capture(train, first.clone())
    trained = rate(lambda: train(images[torch.randint(len(images), (batch_size,), device=device)]), batch_size, seconds,
                   synchronize)
    model.eval()
    if "graph" in variant:
        encode = capture(encode, first.clone())
    print(json.dumps({
        "train": trained,
        "encode": rate(lambda: encode(first), batch_size, seconds, synchronize),
        "device": torch.cuda.get_device_name() if cuda else "CPU",
        "device_bytes": torch.cuda.max_memory_reserved() if cuda else 0,
        "version": "PyTorch " + torch.__version__,
    }))


if __name__ == "__main__":
    main()
