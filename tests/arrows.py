#!/usr/bin/env python3
"""arrows.py SRC: each folder of src includes headers of its own and of lower ones only, as ARCHITECTURE.md draws it."""
import pathlib
import re
import sys

LEVELS = [["base"], ["ops", "data"], ["backend"], ["plain", "opencl"], ["device"], ["graph"], ["check"], ["exec"],
          ["train"], ["infer"], ["latent"], ["app"], ["cli"]]
LEVEL_OF = {folder: level for level, folders in enumerate(LEVELS) for folder in folders}


def main():
    source = pathlib.Path(sys.argv[1])
    faults = []
    for path in sorted(source.glob("**/*.[ch]")):
        folder = path.relative_to(source).parts[0]
        if folder not in LEVEL_OF:
            faults.append(f"{path}: the folder {folder} has no level in {sys.argv[0]}")
            continue
        for included in re.findall(r'^#include "(\w+)/', path.read_text(), re.MULTILINE):
            if included != folder and LEVEL_OF.get(included, len(LEVELS)) >= LEVEL_OF[folder]:
                faults.append(f"{path}: {folder} includes {included}, which is not below it")
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
