"""tests/gpu_sm, which runs work-groups as a multiprocessor does: programs in its words, and its answers."""
import functools
import json
import os
import re
import struct
import subprocess

from gpu_model import sass

SPECIAL = {"SR_TID.X": 0, "SR_TID.Y": 1, "SR_TID.Z": 2, "SR_CTAID.X": 3, "SR_CTAID.Y": 4, "SR_CTAID.Z": 5,
           "SR_LANEID": 6}
NOTHING = 7  # any other one: 0
LAST_REGISTER, LAST_UNIFORM, LAST_PREDICATE = 255, 63, 7
STACK_BYTES = 1024
STACK_PLACE, GROUPS_PLACE = 0x28, 0xc
# Where the kernel's arguments begin in the first bank of constants.
ARGUMENTS_PLACE = {"sm_80": 0x160, "sm_86": 0x160, "sm_89": 0x160, "sm_90": 0x210}

REGISTER = re.compile(r"^(U?[RP])(\d+|Z|T)$")
CONSTANT = re.compile(r"^c\[(0x[0-9a-f]+)\]\[(?:(U?R\d+|U?RZ)\+?)?(-?0x[0-9a-f]+)?\]$")


def register(name):
    """"R12" as "r12"."""
    kind, number = REGISTER.match(name).groups()
    letter = {"R": "r", "UR": "u", "P": "p", "UP": "q"}[kind]
    last = {"r": LAST_REGISTER, "u": LAST_UNIFORM}.get(letter, LAST_PREDICATE)
    return letter + (str(last) if number in "ZT" else number)


def memory(text):
    """What stands in brackets, "R2.64+UR4+0x10", as "mREGISTER:UNIFORM:OFFSET:WIDE:SCALE"."""
    base, uniform, offset, wide, scale = -1, -1, 0, 0, 1
    for part in text.replace("+-", "+~").split("+"):
        part = part.replace("~", "-")
        name = part.split(".")[0]
        if re.match(r"^-?0x", part):
            offset += int(part, 16)
        elif name.startswith("UR"):
            uniform = int(register(name)[1:])
        elif name.startswith("R"):
            base, wide = int(register(name)[1:]), int(part.endswith(".64"))
            scale = int(part.partition(".X")[2] or "1")
    return "m%d:%d:%d:%d:%d" % (base, uniform, offset & 0xffffffff, wide, scale)


def constant(match):
    bank, index, offset = match.groups()
    place = int(register(index)[1:]) if index and index.startswith("R") and index != "RZ" else -1
    return "c%d:%d:%d" % (int(bank, 16), place, int(offset or "0", 16) & 0xffffffff)


def number(i, word):
    if re.match(r"^[-+]?0x", word):
        return "i%d" % (int(word, 16) & 0xffffffff)
    if i.name.startswith("F") or i.name in ("MUFU", "HFMA2"):
        return "i%d" % sass.float_bits(word)
    return "i%d" % (int(float(word)) & 0xffffffff)


def operand(i, word, labels):
    """An operand in gpu_sm's words; None: one that it does not need."""
    word = re.sub(r"(\.reuse|\.H[01]_H[01]|\.F32|\.H[01]|\.B\d)", "", word)
    if word.startswith("`("):
        return "t%d" % labels.get(sass.target(i), 0)
    if sass.is_number(word):
        return number(i, word)
    signs = ""
    while word and word[0] in "-~!|":
        signs, word = signs + word[0], word[1:]
    word = word.rstrip("|")
    if REGISTER.match(word):
        return signs + register(word)
    if CONSTANT.match(word):
        return signs + constant(CONSTANT.match(word))
    if word.endswith("]"):
        return memory(word[word.rindex("[") + 1:-1])
    if word.startswith("SR") or word == "SRZ":
        return "s%d" % SPECIAL.get(word, NOTHING)
    if re.match(r"^B\d+$", word):
        return "b" + word[1:]
    return "P0" if word == "PR" else None


def operands(i, labels):
    words = list(i.operands)
    if i.name == "HFMA2" and len(words) == 5 and all(map(sass.is_number, words[3:])):
        packed = sass.half_bits(words[3]) << 16 | sass.half_bits(words[4])
        words = words[:3] + ["0x%x" % packed]
    return [text for text in (operand(i, word, labels) for word in words) if text]


def line(i, labels):
    guard = ("!" if i.guard.startswith("!") else "") + register(i.guard.lstrip("!") or "PT")
    modifiers = ["U32" if i.name == "CS2R" and word == "32" else word for word in i.modifiers]
    return "%d %d %d %d %s %s %s %d %s" % (i.stall, i.write, i.read, i.wait, guard, i.name, ".".join(modifiers) or "-",
                                           i.address, " ".join(operands(i, labels)))


def program(instructions):
    labels = sass.places(instructions)
    return ["program %d" % len(instructions)] + [line(i, labels) for i in instructions]


def arguments(values):
    """The kernel's arguments as they lie in memory: structs begin at multiples of 4 bytes, all else at its size."""
    memory_of = b""
    for value in values:
        step = len(value) if len(value) in (1, 2, 4, 8, 16) else 4
        memory_of += b"\0" * (-len(memory_of) % step) + value
    return memory_of


def bank(place, content):
    return "bank 0 %d %s" % (place, content.hex())


def setting(local, groups, shared_bytes, values, target):
    """The lines before a program."""
    sizes = struct.pack("<6I", *local, *groups)
    return ["grid " + " ".join(map(str, [*local, *groups, shared_bytes])), bank(0, sizes),
            bank(STACK_PLACE, struct.pack("<I", STACK_BYTES)), bank(ARGUMENTS_PLACE[target], arguments(values))]


class NotUnderstood(Exception):
    """A kernel that gpu_sm cannot run."""


class Machine:
    """A program with its grid and arguments, ready to be run."""

    def __init__(self, path, lines):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write("\n".join(lines) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def answer(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise NotUnderstood("gpu_sm gave no answer")
        return answer

    def time(self, groups, resident, cache_bytes, latency, bytes_per_cycle, tensor_cycles):
        self.ask("time %d %d %g %g %d %s" % (resident, cache_bytes, latency, bytes_per_cycle, tensor_cycles,
                                             " ".join(map(str, groups))))
        return json.loads(self.answer())

    def stores(self, group):
        """Addresses and values that a group's items write."""
        self.ask("stores %d" % group)
        pairs = []
        for text in iter(self.answer, "end\n"):
            pairs.append(tuple(map(int, text.split())))
        return pairs


@functools.lru_cache(None)
def table():
    """The pipe of each instruction that gpu_sm knows (tests/gpu_sm/isa.def)."""
    path = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../tests/gpu_sm/isa.def")
    with open(path, encoding="utf-8") as file:
        rows = re.findall(r"^INSTRUCTION\((\w+), (\w+), (\w+)\)", file.read(), re.M)
    return {name: (pipe_name, function) for name, pipe_name, function in rows}


def known():
    return {name for name, (_, function) in table().items() if function != "unknown"}


def pipe(name):
    return table().get(name, ("ALU", ""))[0]
