#!/usr/bin/env python3
"""update_table.py DOCUMENT LOG...: puts the counts of the runner's last lines ("trust: SUBJECT: ...") into the document's table."""
import pathlib
import re
import sys

LINE = re.compile(r"trust: (\w+): (.*); (\d+) findings; \d+ s")


def update(document, counts):
    for subject, (often, found) in counts.items():
        row = re.compile(rf"(?m)^(\| [^|]* \| {subject} \|)[^|]*\|[^|]*\|")
        document = row.sub(lambda match, a=often, b=found: f"{match.group(1)} {a} | {b} |", document)
    return document


def main():
    path = pathlib.Path(sys.argv[1])
    counts = {}
    for log in sys.argv[2:]:
        for match in LINE.finditer(pathlib.Path(log).read_text(errors="replace")):
            counts.setdefault(match.group(1), match.groups()[1:])
    path.write_text(update(path.read_text(), counts))
    print(f"{len(counts)} subjects: {' '.join(counts)}")


if __name__ == "__main__":
    main()
