"""Programs made machine code, and taken from a cache when they were made before."""
import functools
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import subprocess

from gpu_model import sass

VERSION = 2
TARGET, ASSEMBLER = 0, 4  # of a way's arguments
DISASSEMBLER_FOLDERS = ["/usr/local/cuda/bin", "/opt/cuda/bin", "/usr/lib/cuda/bin"]
SECONDS = 120


class Missing(Exception):
    """A tool that the model cannot do without."""


@functools.lru_cache(None)
def compile_kernels():
    """tools/compile-kernels as a module."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "compile-kernels")
    loader = importlib.machinery.SourceFileLoader("compile_kernels", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compile_kernels", loader))
    loader.exec_module(module)
    return module


@functools.lru_cache(None)
def disassembler():
    found = compile_kernels().tools(["nvdisasm"], DISASSEMBLER_FOLDERS)
    if not found:
        raise Missing("nvdisasm of the CUDA toolkit is not on PATH")
    return found[0]


def find_way(target, folder):
    """A way to compile for a target."""
    way, reason = compile_kernels().find_way(target, folder)
    if not way:
        raise Missing("%s: %s: it takes clang 16 or later, libclc, and ptxas of the CUDA toolkit" % (target, reason))
    disassembler()
    return way


class Builder:
    """Compiles sources of a folder by a way, and keeps results in another folder."""

    def __init__(self, way, cache, sources):
        self.way, self.cache, self.sources = way, cache, sources
        os.makedirs(cache, exist_ok=True)

    def stem(self, file, options):
        with open(os.path.join(self.sources, file), "rb") as source:
            text = source.read()
        what = [str(VERSION), repr(self.way.args), options, file]
        return os.path.join(self.cache, "%s-%s" % (file[: -len(".cl")],
                                                   hashlib.sha256("\0".join(what).encode() + text).hexdigest()[:20]))

    def build(self, file, options):
        """Its kernels as compile-kernels reports them, and their disassembly; raises its CannotCompile."""
        stem = self.stem(file, options)
        if not os.path.exists(stem + ".json"):
            self.make(file, options, stem)
        with open(stem + ".json", encoding="utf-8") as report, open(stem + ".sass", encoding="utf-8") as text:
            kernels = {row["name"]: row for row in json.load(report)}
            return kernels, sass.parse(text.read())

    def make(self, file, options, stem):
        """As the driver does: by itself it does not know that one work-group at a time will do."""
        tools = compile_kernels()
        self.way(os.path.join(self.sources, file), options.split(), stem)
        text = tools.read(stem + ".ptx").replace(tools.ONE_GROUP_WILL_DO, "")
        kernels = tools.assemble(self.way.args[TARGET], self.way.args[ASSEMBLER], text, stem)
        done = subprocess.run([disassembler(), "-c", "-hex", stem + ".cubin"], capture_output=True, text=True,
                              timeout=SECONDS, check=True)
        with open(stem + ".sass", "w", encoding="utf-8") as out:
            out.write(done.stdout)
        with open(stem + ".part", "w", encoding="utf-8") as out:
            json.dump([kernel._asdict() for kernel in kernels], out)
        for end in (".ll", ".ptx", ".cubin"):
            os.remove(stem + end)
        os.replace(stem + ".part", stem + ".json")
