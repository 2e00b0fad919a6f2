"""Model files that are whole, and describe networks that nobody should build: sizes that overflow, thousands of layers, numbers that
are not finite. Each is refused with one line and little memory, or works."""
import resource

import formats
from formats import RELU, conv2d, conv_transpose2d

SHAPE = [1, 28, 28]
ENCODER = [conv2d(4, (4, 4), (2, 2)), RELU, conv2d(2, (13, 13))]
DECODER = [conv_transpose2d(4, (13, 13)), RELU, conv_transpose2d(1, (4, 4), (2, 2))]
MOST_BYTES = 2 << 30
HUGE = "a latent space of 51 million"
OPTIONS = {
    "kernel 0": {"kernel": (0, 0)}, "stride 0": {"stride": (0, 0)}, "strides 1, 0": {"stride": (1, 0)},
    "padding -1": {"padding": (-1, -1)}, "padding 65536": {"padding": (65536, 0)}, "padding 2^62": {"padding": (2**62, 0)},
    "kernel -1": {"kernel": (-1, -1)}, "kernel 2^63 - 1": {"kernel": (2**63 - 1, 1)}, "kernel 65537": {"kernel": (65537, 1)},
    "output padding 5": {"output_padding": (5, 5)}, "output padding -5": {"output_padding": (-5, 0)},
    "padding as large as the kernel": {"padding": (1, 1)},
}


def sizes():
    one = [conv2d(1)]
    for label, options in OPTIONS.items():
        yield f"conv2d, {label}", formats.model(SHAPE, [conv2d(1, **options)], one, has_tensors=False)
        yield f"conv_transpose2d, {label}", formats.model(SHAPE, one, [conv_transpose2d(1, **options)], has_tensors=False)
    for channels in (0, -1, 65537, 2**62):
        yield f"{channels} channels", formats.model(SHAPE, [conv2d(channels)], one, has_tensors=False)
    for shape in ([0, 28, 28], [1, -28, 28], [1, 0, 28], [65536, 16384, 16384]):
        yield f"input {shape}", formats.model(shape, one, one, has_tensors=False)
    yield "input 1, 16384, 16384", formats.model([1, 16384, 16384], one, one)
    yield HUGE, formats.model(SHAPE, [conv2d(65536)], one)
    yield "images of 16384x16384 inside", formats.model(SHAPE, [conv_transpose2d(1, (1024, 1024), (577, 577))],
                                                        [conv2d(1, (1024, 1024), (577, 577))])
    yield "2^30 weights, no tensors", formats.model(SHAPE, [conv2d(1, (28, 28)), conv2d(16384)],
                                                    [conv_transpose2d(65535), conv_transpose2d(1, (28, 28))], has_tensors=False)
    yield "10^9 weights, no tensors", formats.model(SHAPE, [conv2d(16000, (28, 28))],
                                                    [conv2d(62000), conv_transpose2d(1, (28, 28))], has_tensors=False)


def layers():
    one = [conv2d(1)]
    yield "257 layers", formats.model(SHAPE, [RELU] * 257, one, has_tensors=False)
    yield "512 layers", formats.model(SHAPE, one + [RELU] * 255, one * 256)
    yield "300000 layers", formats.model(SHAPE, [RELU] * 300000, one, has_tensors=False)
    yield "only ReLU", formats.model(SHAPE, [RELU], [RELU], has_tensors=False)
    yield "no encoder", formats.model(SHAPE, [], one, has_tensors=False)
    yield "an unknown layer", formats.model(SHAPE, [RELU | {"type": "maxpool"}], one, has_tensors=False)
    yield "control characters in a layer", formats.model(SHAPE, [RELU | {"type": "\x1b]0;x\x07\n\x9b31m"}], one, has_tensors=False)
    yield "a layer that is a number", formats.model(SHAPE, [RELU | {"type": 5}], one, has_tensors=False)
    yield "1.5 channels", formats.model(SHAPE, [conv2d(1.5)], one, has_tensors=False)
    for text in ("", "5", "null", "[]", "{}", "[" * 100000, '{"input":' * 3000, '{"input":[1,28,28],"input":[1,2,3]}',
                 '{"input":[1,28,28],"encoder":5,"decoder":[]}'):
        yield f"layers {text[:30]!r}", formats.safetensors({}, b"", {"format": "clae-1", "layers": text, "mean": "0", "std": "1"})


def numbers():
    for mean in ("nan", "inf", "1e308", "0x1p3", "", "0.1,0.2", "0.1,", ",", ",".join(["0"] * 100)):
        yield f"mean {mean!r}", formats.model(SHAPE, ENCODER, DECODER, mean=mean)
    for std in ("0", "-1", "1e-320"):
        yield f"std {std!r}", formats.model(SHAPE, ENCODER, DECODER, std=std)
    yield "NaN weights", formats.model(SHAPE, ENCODER, DECODER, fill=b"\xff\xff\xff\x7f")
    yield "the largest weights", formats.model(SHAPE, ENCODER, DECODER, fill=b"\xff\xff\x7f\x7f")
    yield "zero weights", formats.model(SHAPE, ENCODER, DECODER)


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


def run(check):
    path = check.path("model.safetensors")
    data, device = ["--data", check.data], ["--device", "c"]
    commands = {"describe": ["describe", path], "eval": ["eval", path, *data, *device],
                "sample": ["sample", path, *data, *device, "--out", check.path("out.png")],
                "encode": ["encode", path, *data, *device, "--out", check.path("out.npy")]}
    for label, content in check.some([*sizes(), *layers(), *numbers()], 20):
        path.write_bytes(content)
        for name, words in commands.items():
            if name != "describe" and not check.is_long and check.random.random() < 0.6:
                continue
            # Sanitizers map terabytes.
            outcome = check.clae(*words, timeout=100, before=None if check.is_sanitized else limit_memory)
            check.tried("model files")
            # Codes of 200 MB each are a network that works where there is the memory.
            check.judge(outcome, f"{name}: {label}", codes=(0, 1, 2) if label == HUGE else (0, 2), largest_mib=2048 if label == HUGE else None)
