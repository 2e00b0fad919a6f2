#!/usr/bin/env python3
"""implementations.py SRC DOCUMENT: the document names every implementation of every backend, and none that there is not."""
import pathlib
import re
import sys

BACKENDS = {"plain": "plain C", "opencl": "OpenCL"}


def names_in_code(folder):
    """The names in definitions of op_impl."""
    found = set()
    for path in folder.glob("**/*.c"):
        for body in re.findall(r"^const op_impl \w+ = \{(.*?)\};", path.read_text(), re.MULTILINE | re.DOTALL):
            found.update(re.findall(r'\.name = "(\w+)"', body))
    return found


def rows_of(text):
    """Cells of the tables' rows with the backend that each cell is about: of the row, or of the column."""
    header, backend = [], ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            header = []
        elif not header:
            header = cells
        elif header[0] == "backend":
            backend = cells[0] or backend
            yield backend, cells[1]
        else:
            yield from zip(header[1:], cells[1:])


def main():
    source, document = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text()
    faults = []
    shared = names_in_code(source / "backend")
    for folder, title in BACKENDS.items():
        code = names_in_code(source / folder) | shared
        named = {name for backend, cell in rows_of(document) if backend.startswith(title) for name in re.findall(r"`(\w+)`", cell)}
        faults += [f"src/{folder} has the implementation {name}, which {sys.argv[2]} does not name" for name in sorted(code - named)]
        faults += [f"{sys.argv[2]} names {name} for {title}, which src/{folder} does not have" for name in sorted(named - code)]
        if not code:
            faults.append(f"src/{folder} seems to have no implementations")
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
