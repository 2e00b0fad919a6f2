"""Tuning files that are damaged, old, another device's, or not files: clae says so in a few lines and goes on, with the same bits."""
import json
import os
import shutil

import formats
import program

LINES = 6
FIRST_LAYER = ("conv2d_fwd n={} wide_h=28 wide_w=28 wide_c=1 narrow_h=24 narrow_w=24 narrow_c=4 kh=5 kw=5 sh=1 sw=1 ph=0 pw=0 "
               "with_bias=1 activation=relu")


class Scene:
    def __init__(self, check):
        self.check = check
        self.folder = check.path("cache") / "clae" / "tuning"
        self.output = check.path("out.npy")
        self.env = program.environment(XDG_CACHE_HOME=check.path("cache"))
        check.train(check.path("model"))
        self.words = ["encode", check.path("model"), "--data", check.data, "--out", self.output, "--device", "c"]
        check.must(*self.words, env=self.env)
        self.good = self.output.read_bytes()
        devices = json.loads(check.must("devices", "--json", env=self.env).stdout)["devices"]
        device = next(d for d in devices if d["backend"] == "c")
        units = device.get("compute_units", device.get("threads"))
        self.key = "device " + " | ".join(["c", *(device[k] for k in ("name", "vendor", "platform", "driver")), f"{units} units\n"])
        self.head = "clae tuning 4\n" + self.key
        self.path = self.folder / f"{fnv1a(self.key.encode()):016x}.txt"
        self.op = FIRST_LAYER.format(256)
        self.entries = "".join(f"{FIRST_LAYER.format(n)}: {impl}; 0.1 ms\n" for n, impl in ((256, "direct"), (20, "plain")))


def fnv1a(data):
    value = 14695981039346656037
    for byte in data:
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def cases(scene):
    head, op = scene.head, scene.op
    yield "empty", ""
    yield "no header", "x\n"
    yield "only the header", head
    yield "another device", head.replace("device c", "device d")
    yield "another version", head.replace("tuning 2", "tuning 1")
    yield "zero bytes", head + "\0\0\0"
    yield "no semicolon", f"{head}{op}: plain\n"
    yield "no milliseconds", f"{head}{op}: plain; x\n"
    yield "NaN milliseconds", f"{head}{op}: evil; nan ms\n"
    yield "an unknown implementation", f"{head}{op}: evil; 1 ms\n"
    yield "formats", head + "%s%n%p: %s; 1 ms\n"
    yield "control characters", head + "\x1b[31mEVIL\x1b]0;x\x07\n"
    yield "a long op", head + "a" * 100000 + ": plain; 1 ms\n"
    yield "a long implementation", f"{head}{op}: " + "i" * 100000 + "; 1 ms\n"
    yield "long values", f"{head}{op}: direct " + "X=1 " * 50000 + "; 1 ms\n"
    yield "8000 entries of one op", head + f"{op}: evil; 1 ms\n" * 8000
    yield "300000 bad lines", head + "x\n" * 300000
    yield "more than a megabyte", head + "x" * (1 << 20)
    yield "colons", head + ": : : ; ; ms\n" + ":\n" * 1000
    yield "lines of DOS", head.replace("\n", "\r\n")
    for values in ("TILE=0", "TILE=-1", "TILE=99999999999999999999", "=", "TILE", "TILE=4 TILE=4", "TILE=0x10", "TILE=4.5", "\t"):
        yield f"values {values!r}", f"{head}{op}: direct {values}; 0.1 ms\n"


def judge(scene, label, may_differ=False):
    outcome = scene.check.clae(*scene.words, env=scene.env, timeout=60)
    scene.check.tried("tuning files")
    if scene.check.judge(outcome, label, codes=(0,)):
        scene.check.expect(may_differ or scene.output.read_bytes() == scene.good, label, "the codes differ")
        scene.check.expect(len(outcome.lines) <= LINES, label, f"{len(outcome.lines)} lines of messages")


def run(check):
    scene = Scene(check)
    scene.folder.mkdir(parents=True, exist_ok=True)
    scene.path.write_text(scene.head + f"{scene.op}: evil; 1 ms\n")
    outcome = check.clae(*scene.words, "--verbose", env=scene.env)
    check.expect(scene.path.name in outcome.stderr or "evil" in outcome.stderr, "the file's name", "clae does not read the file of this test")
    for label, text in check.some(cases(scene), 24):
        scene.path.write_bytes(text.encode("latin-1"))
        judge(scene, label)
    for i, content in enumerate(formats.mutations(check.random, (scene.head + scene.entries).encode(), check.times(15, 500))):
        scene.path.write_bytes(content)
        judge(scene, f"mutation {i}", may_differ=True)
    others = {"a folder": os.mkdir, "a pipe": os.mkfifo, "/dev/zero": lambda path: os.symlink("/dev/zero", path)}
    for label, make in others.items():
        shutil.rmtree(scene.folder)
        scene.folder.mkdir()
        make(scene.path)
        outcome = check.clae(*scene.words, env=scene.env, timeout=60)
        check.tried("tuning files")
        check.judge(outcome, f"{label} as a tuning file", codes=(0,))
