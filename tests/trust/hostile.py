"""For the subjects about files from elsewhere: one call that gives a file to a command and judges what comes of it."""
import pathlib


def refuse(check, kind, label, words, path, content, may_pass=False, output=None, most_lines=1):
    """Writes content to path and runs the command; the file is refused with exit code 2 and named, or may_pass."""
    path = pathlib.Path(path)
    path.write_bytes(content)
    if output:
        output.write_bytes(b"old")
    outcome = check.clae(*words, timeout=60)
    check.tried(kind)
    check.judge(outcome, label, codes=(0, 2) if may_pass else (2,), names=path.name, most_lines=most_lines)
    if output and outcome.code != 0:
        check.expect(output.read_bytes() == b"old", label, "what stood in the output's place is gone")
    return outcome
