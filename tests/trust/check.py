"""What each subject is given: a scratch folder, how much to do, and what is asked of clae every time."""
import os
import pathlib
import random
import re
import shutil
import tempfile

import formats
import program

EXIT_CODES = (0, 1, 2, 3, 4)
LARGEST_PEAK_MIB = 300
TRAINING = ["--batch-size", "20", "--channels", "4"]


class Skip(Exception):
    """What the subject needs is not there."""


class Check:
    def __init__(self, name, is_long):
        self.name = name
        self.is_long = is_long
        self.is_sanitized = os.environ.get("CLAE_TEST_SANITIZED") == "1"
        self.random = random.Random(name)
        self.counts = {}
        self.findings = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"clae-trust-{name}-"))
        self.data = self.folder / "data"
        formats.write_dataset(self.data, 200, 60)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return self.folder / name

    def sample(self, few):
        """With sanitizers clae is three times slower."""
        return max(1, few * 3 // 5) if self.is_sanitized else few

    def some(self, items, few):
        """All items when much is asked for, otherwise a few that are spread evenly, the first and the last among them."""
        items, few = list(items), self.sample(few)
        if self.is_long or len(items) <= few:
            return items
        if few == 1:
            return items[:1]
        return [items[i * (len(items) - 1) // (few - 1)] for i in range(few)]

    def times(self, few, many):
        return many if self.is_long else self.sample(few)

    def tried(self, what, count=1):
        self.counts[what] = self.counts.get(what, 0) + count

    def finding(self, label, text):
        self.findings.append(f"{label}: {text}")
        print(f"finding: {self.name}: {label}: {text}", flush=True)

    def expect(self, is_so, label, text):
        if not is_so:
            self.finding(label, text)
        return is_so

    def clae(self, *words, **options):
        return program.run([program.path(), *map(str, words)], **options)

    def must(self, *words, **options):
        """For what a subject starts from."""
        outcome = self.clae(*words, **options)
        if outcome.code != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit {outcome.code}: {outcome.stderr[-500:]}")
        return outcome

    def train(self, folder, *words, device="c", epochs=1, **options):
        return self.must("train", "--data", self.data, "--out", folder, "--device", device, "--epochs", epochs,
                         *TRAINING, "--quiet", *words, **options)

    def judge(self, outcome, label, codes=EXIT_CODES, names=None, largest_mib=None, most_lines=1):
        """No crash, a documented exit code, one clear line for a failure (or at most most_lines), nothing raw on the terminal, no gluttony."""
        last = (outcome.errors or outcome.lines or [""])[-1][:200]
        before = len(self.findings)
        if outcome.is_timed_out:
            self.finding(label, f"hangs | {last!r}")
        elif outcome.code < 0:
            self.finding(label, f"ends by signal {-outcome.code} | {last!r}")
        elif outcome.code not in codes:
            self.finding(label, f"exit code {outcome.code} | {last!r}")
        elif outcome.code != 0 and not 1 <= len(outcome.errors) <= most_lines:
            self.finding(label, f"exit code {outcome.code} with {len(outcome.errors)} error lines | {outcome.stderr[-300:]!r}")
        elif names and outcome.code != 0 and not any(names in line for line in outcome.errors):
            self.finding(label, f"the message does not name {names} | {last!r}")
        if re.search(r"AddressSanitizer|LeakSanitizer|runtime error:", outcome.stderr):
            self.finding(label, f"sanitizer: {outcome.sanitizer_line()!r}")
        # fontconfig prints what it read itself.
        own = re.sub(r"(?m)^Fontconfig [^\n]*$", "", outcome.stderr.replace("\r\n", "\n"))
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", own):
            self.finding(label, f"control characters in a message | {last!r}")
        if outcome.peak_mib > (largest_mib or LARGEST_PEAK_MIB) and not (self.is_sanitized or outcome.has_drivers):
            self.finding(label, f"took {outcome.peak_mib:.0f} MiB | {last!r}")
        return len(self.findings) == before


def temporaries(folder):
    return sorted(str(p) for p in pathlib.Path(folder).rglob("*.tmp"))
