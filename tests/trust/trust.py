#!/usr/bin/env python3
"""Does to clae what may happen to it, and checks what is promised.

usage: trust.py [--long] SUBJECT...   ("all": every subject)
A subject is a module of this folder with `run(check)`. The last line of each is its counts, as docs/reliability.md has them.
CLAE_TEST_PROGRAM names the program; --long, or CLAE_TEST_LONG=1, asks for everything instead of a sample.
"""
import argparse
import importlib
import os
import sys
import time

import check as checks

SUBJECTS = ("kills", "kills_at_calls", "system_calls", "full_disk", "allocations", "opencl_calls", "hostile_images",
            "hostile_codes", "hostile_weights", "hostile_models", "hostile_checkpoints", "hostile_tuning", "signals",
            "interrupts", "environment", "command_lines", "fuzzing")


def run(name, is_long):
    """The findings of a subject; None when it is skipped."""
    start = time.monotonic()
    check = checks.Check(name, is_long)
    try:
        importlib.import_module(name).run(check)
    except checks.Skip as reason:
        print(f"{name}: skipped: {reason}", flush=True)
        return None
    finally:
        check.remove()
    counts = ", ".join(f"{count:,} {what}" for what, count in check.counts.items())
    print(f"trust: {name}: {counts}; {len(check.findings)} findings; {time.monotonic() - start:.0f} s", flush=True)
    if not check.counts:
        return ["nothing was tried"]
    return check.findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("subjects", nargs="+", choices=SUBJECTS + ("all",), metavar="SUBJECT")
    arguments = parser.parse_args()
    is_long = arguments.long or os.environ.get("CLAE_TEST_LONG") == "1"
    names = SUBJECTS if "all" in arguments.subjects else arguments.subjects
    results = [run(name, is_long) for name in names]
    if any(results):
        return 1
    return 77 if all(result is None for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
