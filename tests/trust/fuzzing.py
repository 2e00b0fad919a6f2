"""The readers of files as fuzz targets: by libFuzzer in a build for it, elsewhere the corpus and mutations of it."""
import os
import pathlib
import re
import subprocess
import sys

import check as checks
import program

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = (1, 10)
RUNS = (1000, 50000)


def run(check):
    folder = pathlib.Path(os.environ.get("CLAE_TEST_FUZZERS", "."))
    is_libfuzzer = os.environ.get("CLAE_TEST_LIBFUZZER") == "1"
    corpus = check.path("corpus")
    subprocess.run([sys.executable, HERE / "fuzz" / "make_corpus.py", corpus], check=True)
    for target in sorted(path.name for path in corpus.iterdir()):
        fuzzer = folder / f"fuzz_{target}"
        if not fuzzer.exists():
            continue
        words = [fuzzer, corpus / target, HERE / "fuzz" / "found" / target]
        if is_libfuzzer:
            words += [f"-max_total_time={check.times(*SECONDS)}", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={check.folder}/"]
        else:
            words += [f"-runs={check.times(*RUNS)}"]
        # Inputs that once were a fault are kept in fuzz/found.
        outcome = program.run([str(word) for word in words if not isinstance(word, pathlib.Path) or word.exists()], timeout=600, cwd=check.folder)
        done = re.search(r"Done (\d+) runs", outcome.stdout + outcome.stderr)
        check.tried("inputs", int(done.group(1)) if done else 0)
        check.expect(outcome.code == 0 and done, target, f"exit {outcome.code} | {outcome.stderr[-1500:]!r}")
    if not check.counts:
        raise checks.Skip("no fuzz target is built")
