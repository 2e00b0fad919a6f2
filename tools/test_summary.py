#!/usr/bin/env python3
"""Counts the tests of meson build folders and prints the logs of failures; the last line is the sum.

A cmocka program counts as the cases that it ran, any other test as one. What was killed, timed out or never ended has
failed; so has a run without tests.
"""
import argparse
import collections
import json
import pathlib
import re
import sys

LOG_LINES = 150
STARTED = re.compile(r"^\[ RUN      \] (.*)$", re.M)
PASSED = re.compile(r"^\[       OK \] (.*)$", re.M)
SKIPPED = re.compile(r"^\[  SKIPPED \] (.*)$", re.M)


def count(test):
    """Passed, failed and skipped cases of one entry of testlog.json."""
    output = test.get("stdout") or ""
    started, passed, skipped = (collections.Counter(p.findall(output)) for p in (STARTED, PASSED, SKIPPED))
    good = test["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
    if not started:
        return (int(good and test["result"] != "SKIP"), int(not good), int(test["result"] == "SKIP"))
    failed = sum((started - passed - skipped).values())
    if not good:
        failed = max(failed, 1)
    return sum(passed.values()), failed, sum((started & skipped).values())


def read(folder):
    path = pathlib.Path(folder) / "meson-logs" / "testlog.json"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(errors="replace").splitlines() if line.strip()]


def print_log(folder, test):
    print(f"== {folder}: {test['name']}: {test['result']}, exit status {test.get('returncode')}")
    lines = ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()
    if len(lines) > LOG_LINES:
        print(f"({len(lines) - LOG_LINES} lines before these are in {folder}/meson-logs/testlog.txt)")
    print("\n".join(lines[-LOG_LINES:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broken", action="append", default=[], metavar="STEP", help="a step that failed")
    parser.add_argument("--unsuccessful", action="append", default=[], metavar="FOLDER",
                        help="a folder of which `meson test` did not succeed")
    parser.add_argument("folders", nargs="*")
    arguments = parser.parse_args()

    total = [0, 0, 0]
    for folder in arguments.folders:
        tests = read(folder)
        failed_before = total[1]
        for test in tests:
            cases = count(test)
            total = [a + b for a, b in zip(total, cases)]
            if cases[1]:
                print_log(folder, test)
            elif cases[2]:
                reason = (test.get("stdout") or "").strip().splitlines()
                print(f"skipped: {folder}: {test['name']}" + (f": {reason[-1]}" if len(reason) == 1 else ""))
        if not tests or (folder in arguments.unsuccessful and total[1] == failed_before):
            print(f"== {folder}: the tests did not end as they should")
            total[1] += 1
    for step in arguments.broken:
        print(f"== failed: {step}")
        total[1] += 1
    if not any(total):
        total[1] = 1
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
