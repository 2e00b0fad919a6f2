"""The launches of a training step, as tests/gpu_launches prints them."""
import collections
import json
import subprocess

# op_flops, op_bytes: of all launches of the op; arguments: lists of bytes, one for each time that it is launched.
Launch = collections.namedtuple("Launch", "layer op impl file options kernel local groups bytes op_flops op_bytes arguments")


class NoDevice(Exception):
    """There is no OpenCL device on which a step could be prepared."""


def read(program, folder, words):
    """Launches in their order; equal ones but for their arguments, of one op, are one."""
    done = subprocess.run([program, folder, *words], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        raise NoDevice("no OpenCL device")
    if done.returncode:
        raise SystemExit(2)
    found = {}
    for text in done.stdout.splitlines():
        row = json.loads(text)
        groups = tuple(g // l for g, l in zip(row["global"], row["local"]))
        key = Launch(row["layer"], row["op"], row["impl"], row["file"], row["options"], row["kernel"], tuple(row["local"]),
                     groups, row["bytes"], row["op_flops"], row["op_bytes"], None)
        found.setdefault(key, []).append([bytes.fromhex(value) for value in row["args"]])
    return [key._replace(arguments=values) for key, values in found.items()]
