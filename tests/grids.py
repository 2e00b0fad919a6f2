#!/usr/bin/env python3
"""grids.py CL: kernels number work-groups within the whole grid, as it may be launched in pieces: prelude.cl's GROUP_ID and the arguments
that hold the grid's size, not what OpenCL knows of a piece. Local ids are divided in 32 bits, as prelude.cl says."""
import pathlib
import re
import sys

OF_A_PIECE = re.compile(r"\bget_(group_id|num_groups|global_size)\b")
WIDE_QUOTIENT = re.compile(r"(?<!\(uint\))(?<!\(int\))\bget_local_id\(\d\) *(/|>>)")


def main():
    found = 0
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.cl")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            name = OF_A_PIECE.search(line)
            if name and path.name != "prelude.cl":
                print(f"{path.name}:{number}: {name.group()} is of a piece of the grid")
                found += 1
            if WIDE_QUOTIENT.search(line) and path.name != "prelude.cl":
                print(f"{path.name}:{number}: a local id is divided in 64 bits")
                found += 1
    return found > 0


if __name__ == "__main__":
    sys.exit(main())
