"""The disk is full at each point: a small file system (as root), and a limit on the size of files. A command says so with exit
code 4, or has written everything; what stood in the output's place stays."""
import os
import pathlib
import resource
import shutil
import signal
import subprocess

import check as checks
import formats

PAGE = 4096
SIZES = (1, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 16, 20, 22, 24, 26, 28, 30, 32, 36, 40, 44, 48, 52, 56, 60, 64)
LIMITS = (1, 100, 127, 128, 1000, 2000, 4096, 10000, 14000, 20000, 41000, 42000, 60000)


def commands(check):
    """(name, words with @ for the folder that is short of room, the output in it: None for a run folder)"""
    data, model = check.data, check.path("model")
    return [
        ("train", ["train", "--data", data, "--out", "@/run", "--device", "c", "--epochs", 2, *checks.TRAINING], None),
        ("encode", ["encode", model, "--data", data, "--out", "@/out.npy", "--device", "c"], "out.npy"),
        ("decode", ["decode", model, "--codes", check.path("codes.npy"), "--out", "@/out.npy", "--device", "c"], "out.npy"),
        ("reconstruct", ["reconstruct", model, "--data", data, "--out", "@/out.png", "--device", "c"], "out.png"),
        ("sample", ["sample", model, "--data", data, "--out", "@/out.png", "--device", "c"], "out.png"),
        ("interpolate", ["interpolate", model, "--data", data, "--out", "@/out.png", "--device", "c"], "out.png"),
    ]


def at(words, folder):
    return [str(word).replace("@", str(folder)) for word in words]


def expected(check, words, output):
    folder = check.path("whole")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    check.must(*at(words, folder))
    return (folder / (output or "run/model.safetensors")).read_bytes()


def judge(check, label, outcome, folder, output, good, old):
    check.tried("full disks")
    check.judge(outcome, label, codes=(0, 4))
    check.expect(not checks.temporaries(folder), label, f"left {checks.temporaries(folder)}")
    if not output:
        for damage in formats.damaged(folder):
            check.finding(label, damage)
    path = folder / (output or "run/model.safetensors")
    there = path.read_bytes() if path.exists() else None
    if outcome.code == 0:
        check.expect(there == good, label, "exit 0, and the output is not whole")
    elif output:
        check.expect(there in (old, good), label, "what stood in the output's place is gone or damaged")


def fill_up(check, folder, kibibytes):
    """Mounts a small file system; False where that is not allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,nr_inodes=64", "tmpfs", str(folder)]
    return subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode == 0


def on_small_file_system(check, name, words, output, good):
    folder = check.path("small")
    folder.mkdir(exist_ok=True)
    for pages in check.some(SIZES, 3):
        for has_old in (False, True) if output else (False,):
            if not fill_up(check, folder, pages * PAGE // 1024):
                return
            try:
                old = b"old" if has_old else None
                if has_old:
                    (folder / output).write_bytes(old)
                outcome = check.clae(*at(words, folder))
                judge(check, f"{name} on {pages} pages", outcome, folder, output, good, old)
            finally:
                subprocess.run(["umount", str(folder)], check=True)


def under_limit(check, name, words, output, good):
    folder = check.path("limited")
    for limit in check.some(LIMITS, 3):
        for action in (signal.SIG_DFL, signal.SIG_IGN):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            if output:
                (folder / output).write_bytes(b"old")

            def before(limit=limit, action=action):
                signal.signal(signal.SIGXFSZ, action)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

            # The limit holds for the program's messages too, unless they go into a pipe.
            read, write = os.pipe()
            with os.fdopen(read, "rb") as pipe, os.fdopen(write, "wb") as end:
                outcome = check.clae(*at(words, folder), before=before, stderr=end)
                end.close()
                outcome = outcome.with_stderr(pipe.read().decode())
            label = f"{name} with files of {limit} bytes, signal {'ignored' if action == signal.SIG_IGN else 'not ignored'}"
            judge(check, label, outcome, folder, output, good, b"old" if output else None)


def run(check):
    check.train(check.path("model"))
    check.must("encode", check.path("model"), "--data", check.data, "--out", check.path("codes.npy"), "--device", "c")
    for name, words, output in check.some(commands(check), 3):
        good = expected(check, words, output)
        if os.geteuid() == 0:
            on_small_file_system(check, name, words, output, good)
        under_limit(check, name, words, output, good)
    full = pathlib.Path("/dev/full")
    if full.exists():
        for words in (["describe", check.path("model")], ["--help"], ["devices", "--json"]):
            with full.open("wb") as sink:
                outcome = check.clae(*words, stdout=sink)
            check.tried("full disks")
            check.judge(outcome, f"{words[0]} > /dev/full", codes=(4,))
