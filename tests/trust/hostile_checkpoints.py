"""Checkpoints whose metadata, tensors or names lie, and run folders with what is no checkpoint in them: --resume refuses with one
line or goes on from one that is whole."""
import copy
import json
import os
import shutil

import formats

NAME = "checkpoint-000010.safetensors"


class Scene:
    def __init__(self, check):
        self.check = check
        self.base, self.run = check.path("base"), check.path("run")
        check.train(self.base)
        self.good = (self.base / NAME).read_bytes()
        self.header, self.metadata, self.data = formats.split_safetensors(self.good)
        self.extra = json.loads(self.metadata["extra"])

    def fresh(self):
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir()

    def resume(self, label, words=("--epochs", 3), codes=(0, 2)):
        outcome = self.check.clae("train", "--resume", "--out", self.run, "--device", "c", "--quiet", *words, timeout=60)
        self.check.tried("checkpoints")
        self.check.judge(outcome, label, codes=codes)
        return outcome

    def write(self, metadata=None, header=None, data=None, name=NAME):
        (self.run / name).write_bytes(formats.safetensors(header or self.header, self.data if data is None else data,
                                                          metadata or self.metadata))


def with_config(scene, **changes):
    """The metadata with another value in the run's options, or in what else the run keeps."""
    extra = copy.deepcopy(scene.extra)
    for key, value in changes.items():
        if key in ("images", "loss_sum", "seconds"):
            extra["epoch"][key] = value
        elif key in ("device", "data_fingerprint"):
            extra[key] = value
        else:
            extra["config"][key.replace("_", "-")] = value
    return dict(scene.metadata, extra=json.dumps(extra))


CONFIGS = [{"batch_size": 0}, {"batch_size": 2**62}, {"batch_size": -1}, {"epochs": 2**63 - 1}, {"epochs": 0}, {"channels": 2**32 + 4},
           {"channels": 0}, {"channels": 65536}, {"latent_dim": 0}, {"latent_dim": 2**32 + 8}, {"latent_dim": 65535}, {"lr": 0.0},
           {"lr": -1.0}, {"lr": 1e308}, {"seed": -5}, {"seed": 2**63 - 1}, {"limit_train": 7}, {"limit_train": -1},
           {"no_shuffle": "yes"}, {"images": 10**9}, {"images": -1}, {"loss_sum": 1e308, "images": 1}, {"seconds": -5.0},
           {"data": "/tmp/x\x1b]0;x\x07\nclae: forged"}, {"data": "/etc/passwd"}, {"data": "/dev/zero"}, {"data": ""},
           {"data_fingerprint": "x"}, {"device": "evil\x1b[31m\x9b\nforged line"}, {"device": "x" * 100000}]
POSITIONS = [{"step": "20", "epoch": "2"}, {"step": str(2**48), "epoch": str(2**48 // 10)}, {"step": "-1"},
             {"step": "13", "epoch": "1", "images": "60"}, {"step": "9", "epoch": "0", "images": "180"},
             {"lr": "0.0010000000000000002"}, {"seed": "9"}, {"extra": ""}, {"extra": "[]"}, {"extra": "[" * 200000},
             {"extra": '{"config":5,"data_fingerprint":"x","device":"y","epoch":{"loss_sum":1.0,"images":0,"seconds":1.0}}'}]
NAMES = ("checkpoint-18446744073709551615.safetensors", "checkpoint-99999999999999999999.safetensors", "checkpoint-000999.safetensors",
         "checkpoint--00001.safetensors", "checkpoint-000000.safetensors")


def metadata_cases(scene):
    for changes in CONFIGS:
        yield f"{str(changes)[:60]}", with_config(scene, **changes)
    for changes in POSITIONS:
        yield f"{str(changes)[:60]}", dict(scene.metadata, **changes)
    for key in scene.metadata:
        yield f"no {key}", {k: v for k, v in scene.metadata.items() if k != key}


def check_metadata(scene):
    for label, metadata in scene.check.some(metadata_cases(scene), 26):
        scene.fresh()
        scene.write(metadata)
        scene.resume(label)
    scene.fresh()
    scene.write(with_config(scene, batch_size=0))
    scene.resume("batch size 0, without --epochs", words=())


def check_tensors(scene):
    count = len(scene.data) // 4
    for label, data in (("NaN everywhere", b"\xff\xff\xff\x7f" * count), ("infinity everywhere", b"\0\0\x80\x7f" * count)):
        scene.fresh()
        scene.write(data=data)
        outcome = scene.resume(label)
        scene.check.expect(outcome.code != 0, label, "is trained on, exit 0")
    scene.fresh()
    header = copy.deepcopy(scene.header)
    header["encoder.0.weight"]["shape"].reverse()
    scene.write(header=header)
    scene.resume("a tensor of another shape")


def damaged_newest(scene):
    bad = bytearray(scene.good)
    bad[-5] ^= 1
    yield "data", bytes(bad)
    yield "half of the file", scene.good[: len(scene.good) // 2]
    yield "nothing", b""
    metadata = dict(scene.metadata, layers=scene.metadata["layers"].replace('"out_channels":4', '"out_channels":5'))
    yield "other layers", formats.safetensors(scene.header, scene.data, metadata)


def check_fallback(scene):
    """The newest checkpoint is damaged: --resume and eval take the one before."""
    for label, content in damaged_newest(scene):
        scene.fresh()
        (scene.run / NAME).write_bytes(scene.good)
        (scene.run / "checkpoint-000020.safetensors").write_bytes(content)
        outcome = scene.check.clae("eval", scene.run, "--data", scene.check.data, "--device", "c")
        scene.check.tried("checkpoints")
        scene.check.judge(outcome, f"eval, newest with {label} damaged", codes=(0,))
        outcome = scene.resume(f"newest with {label} damaged")
        scene.check.expect(outcome.code == 0, f"newest with {label} damaged", "the checkpoint before is not taken")


def check_names(scene):
    for name in NAMES:
        scene.fresh()
        (scene.run / name).write_bytes(scene.good)
        outcome = scene.resume(f"named {name}")
        if outcome.code == 0 and name == "checkpoint-000999.safetensors":
            scene.check.expect(30 in formats.checkpoint_steps(scene.run), f"named {name}", "the newest checkpoint is deleted")
    others = {"a folder": os.mkdir, "a pipe": os.mkfifo, "/dev/zero": lambda path: os.symlink("/dev/zero", path),
              "a link to nowhere": lambda path: os.symlink("nowhere", path)}
    for label, make in others.items():
        scene.fresh()
        (scene.run / NAME).write_bytes(scene.good)
        make(scene.run / "checkpoint-000020.safetensors")
        # A folder of the name of the next checkpoint is an output that cannot be written.
        scene.resume(f"{label} as the newest checkpoint", codes=(0, 2, 4))


def run(check):
    scene = Scene(check)
    check_metadata(scene)
    check_tensors(scene)
    check_fallback(scene)
    check_names(scene)
    for i, content in enumerate(formats.mutations(check.random, scene.good, check.times(10, 1000))):
        scene.fresh()
        (scene.run / NAME).write_bytes(content)
        scene.resume(f"mutation {i}")
