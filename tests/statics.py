#!/usr/bin/env python3
"""statics.py SRC: no two files of a backend have a static function of one name, so that profiles and backtraces tell which
implementation they speak of."""
import collections
import pathlib
import re
import sys

FUNCTION = re.compile(r"^(?:static|INLINE) (?:inline )?[\w *]*?(\w+)\(", re.MULTILINE)


def main():
    faults = []
    for backend in ("plain", "opencl"):
        files_of = collections.defaultdict(list)
        for path in sorted(pathlib.Path(sys.argv[1], backend).glob("**/*.c")):
            for name in set(FUNCTION.findall(path.read_text())):
                files_of[name].append(path.name)
        faults += [f"{backend}: {name} is a static of {', '.join(files)}" for name, files in files_of.items()
                   if len(files) > 1]
        if not files_of:
            faults.append(f"{backend}: no static function was found")
    print("\n".join(sorted(faults)))
    return 1 if faults else 0


sys.exit(main())
