"""The system calls of one epoch with its saves, for the subjects that disturb each of them."""
import collections
import re
import shutil

import check as checks
import program

IMPORTANT = re.compile(r'"run"|"run/|\.tmp|images|checkpoint|log\.csv|loss\.png|model\.saf')
SAVING = ("write", "fsync", "renameat", "rename", "flock", "unlink", "unlinkat", "fchmod", "mkdir", "ftruncate")


class Scene:
    """A run of one epoch that goes on for a second: what the main thread asks of the system from its first look at the run
    folder on."""

    def __init__(self, check, is_finished):
        if not program.can_trace():
            raise checks.Skip("strace is not there or not allowed")
        self.check = check
        self.base, self.run = check.path("base"), check.path("run")
        shutil.rmtree(self.base, ignore_errors=True)
        check.train(self.base)
        if not is_finished:
            (self.base / "model.safetensors").unlink()
        self.words = [program.path(), "train", "--resume", "--out", "run", "--device", "c", "--threads", "1", "--epochs", "2"]
        self.fresh()
        outcome = self.resume()
        if outcome.code != 0:
            raise RuntimeError(outcome.stderr)
        self.model = (self.run / "model.safetensors").read_bytes()
        self.calls = self.trace()

    def fresh(self):
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(self.base, self.run)

    def resume(self):
        return program.run(self.words, cwd=self.check.folder)

    def disturbed(self, call, what):
        """The same with a fault of strace's making in a call."""
        return program.run(["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}", *self.words],
                           cwd=self.check.folder)

    def trace(self):
        """(name, how many calls of it there were, text, whether it concerns the user's files)"""
        self.fresh()
        trace = self.check.path("trace")
        program.run(["strace", "-f", "-o", str(trace), *self.words], cwd=self.check.folder)
        lines = trace.read_text(errors="replace").splitlines()
        main = lines[0].split()[0]
        counted, calls, files, is_on = collections.Counter(), [], {}, False
        for line in lines:
            thread, _, text = line.partition(" ")
            match = re.match(r"\s*(\w+)\(", text)
            if thread != main or not match:
                continue
            name = match.group(1)
            counted[name] += 1
            is_on = is_on or ('"run"' in text and name != "execve")
            matters = bool(IMPORTANT.search(text)) or name in SAVING
            opened = re.search(r"openat\(.*= (\d+)$", text)
            if opened:
                files[opened.group(1)] = matters
            used = re.match(r"\s*(?:read|close|fstat|newfstatat|lseek|getdents64)\((\d+)", text)
            matters = matters or bool(used and files.get(used.group(1)))
            if is_on:
                calls.append((name, counted[name], text.strip()[:100], matters))
        return calls
