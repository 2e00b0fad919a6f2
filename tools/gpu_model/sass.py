"""Disassemblies of kernels, as `nvdisasm -c -hex` prints them."""
import collections
import re
import struct

# address: within its section; guard "P0", "!P0" or ""; name "LDG", modifiers ["E", "128"]; operands as text;
# stall, write, read, wait: the control bits, scoreboards 7: none; labels: those that stand before it.
Instruction = collections.namedtuple(
    "Instruction", "address guard name modifiers operands stall write read wait labels")

SECTION = re.compile(r"^\s*\.section\s+(\S+?),")
LABEL = re.compile(r"^(\.L_\w+|\$?[\w.$]+):\s*$")
LINE = re.compile(r"^\s+/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;\s+/\* (0x[0-9a-f]+) \*/")
UPPER = re.compile(r"^\s+/\* (0x[0-9a-f]+) \*/")
TEXT = re.compile(r"(?:@(!?U?P[0-9T]+)\s+)?([A-Z][A-Z0-9]*)((?:\.\w+)*)\s*(.*)")


def parse(text):
    """Instructions of each kernel, by its name."""
    kernels, current, labels, lower = {}, None, [], None
    for line in text.splitlines():
        section = SECTION.match(line)
        if section:
            name = section.group(1)
            current = kernels.setdefault(name[len(".text."):], []) if name.startswith(".text.") else None
            labels = []
        elif current is None:
            continue
        elif lower:
            upper = UPPER.match(line)
            current.append(instruction(*lower, int(upper.group(1), 16) if upper else 0, labels))
            labels, lower = [], None
        elif LABEL.match(line):
            labels.append(LABEL.match(line).group(1))
        elif LINE.match(line):
            lower = LINE.match(line).group(1, 2)
    return kernels


def instruction(address, text, upper, labels):
    guard, name, modifiers, operands = TEXT.match(text).groups()
    operands = re.sub(r"(?<=\w) `\(", ", `(", operands)
    control = upper >> 41
    return Instruction(int(address, 16), guard or "", name, modifiers.split(".")[1:],
                       [word.strip() for word in operands.split(",")] if operands.strip() else [], control & 15,
                       control >> 5 & 7, control >> 8 & 7, control >> 11 & 63, tuple(labels))


def places(instructions):
    """The place of each label."""
    return {label: place for place, i in enumerate(instructions) for label in i.labels}


def target(i):
    """The label that a branch goes to."""
    for word in i.operands:
        match = re.match(r"`\((.*)\)", word)
        if match:
            return match.group(1)
    return None


def float_bits(word):
    """A float as it is printed."""
    special = {"+INF": 0x7f800000, "-INF": 0xff800000, "+QNAN": 0x7fffffff, "-QNAN": 0xffffffff, "INF": 0x7f800000}
    if word in special:
        return special[word]
    return struct.unpack("<I", struct.pack("<f", float(word)))[0]


def half_bits(word):
    special = {"+INF": 0x7c00, "-INF": 0xfc00, "+QNAN": 0x7fff, "-QNAN": 0xffff, "INF": 0x7c00}
    if word in special:
        return special[word]
    return struct.unpack("<H", struct.pack("<e", float(word)))[0]


def is_number(word):
    return bool(re.match(r"^[-+]?(\d|INF|QNAN|\.\d)", word))
