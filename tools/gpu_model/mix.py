"""Loops of a kernel, and what they are made of."""
import collections

from gpu_model import sass

WHOLE = {"IMAD", "IADD3", "VIADD", "LEA", "SHF", "LOP3", "PRMT", "IABS", "VIMNMX", "IMNMX", "SGXT", "VIADDMNMX", "SEL", "FSEL",
         "ISETP", "FSETP", "PLOP3", "I2F", "F2I", "I2FP", "FCHK", "P2R", "R2P", "FMNMX", "BMSK", "POPC", "FLO"}
ORDER = {"BRA", "BSSY", "BSYNC", "EXIT", "CALL", "RET", "BREAK", "WARPSYNC", "NOP", "BMOV", "DEPBAR"}
MEMORY = {"LDS", "STS", "LDG", "STG", "LDL", "STL"}
PRODUCTS = ("FFMA", "HMMA")


def kind(i):
    """The class that an instruction counts as: FFMA, LDS.128, INT, and so on."""
    if i.name in MEMORY:
        width = [word for word in ("128", "64", "U8", "S8", "U16", "S16") if word in i.modifiers]
        return i.name + "." + (width[0].lstrip("US") if width else "32")
    if i.name in ("FADD", "FMUL"):
        return "FADD/FMUL"
    if i.name in ("MOV", "CS2R", "HFMA2") or (i.name == "IMAD" and "MOV" in i.modifiers):
        return "MOV"
    if i.name in WHOLE:
        return "INT"
    if i.name in ORDER:
        return "CTL"
    return "UNI" if i.name.startswith("U") or i.name in ("R2UR", "S2UR") else i.name


def loops(instructions):
    """(first, last) of each loop, by the branches back; one for each beginning."""
    places, ends = sass.places(instructions), {}
    for place, i in enumerate(instructions):
        if i.name == "BRA":
            first = places.get(sass.target(i), place)
            if first < place:
                ends[first] = max(ends.get(first, 0), place)
    return sorted(ends.items(), key=lambda loop: (loop[0], -loop[1]))


def inside(all_loops, loop):
    """Loops within another one, without those within these."""
    within = [l for l in all_loops if l != loop and loop[0] <= l[0] and l[1] <= loop[1]]
    return [l for l in within if not any(o != l and o[0] <= l[0] and l[1] <= o[1] for o in within)]


def own(instructions, all_loops, loop):
    """Places of a loop that are in none of its loops."""
    taken = set()
    for first, last in inside(all_loops, loop):
        taken.update(range(first, last + 1))
    return [place for place in range(loop[0], loop[1] + 1) if place not in taken]


def text_of(counts):
    return " ".join("%s:%d" % pair for pair in counts.most_common())


def print_loops(instructions, issues=None):
    """Each loop with the instructions that are its own, and how often a warp issues the most frequent of them."""
    all_loops = loops(instructions)

    def show(loop, depth):
        places = own(instructions, all_loops, loop)
        counts = collections.Counter(kind(instructions[place]) for place in places)
        times = " x%.4g" % max(issues[place] for place in places) if issues and places else ""
        print("  %s[%04x-%04x] %d%s  %s" % ("  " * depth, instructions[loop[0]].address, instructions[loop[1]].address,
                                            len(places), times, text_of(counts)))
        for within in inside(all_loops, loop):
            show(within, depth + 1)

    show((0, len(instructions) - 1), 0)


def hottest(instructions, issues):
    """Of the loop that is issued most: the share of products, and its instructions; of all, where there is no loop."""
    all_loops = loops(instructions)
    whole = (0, len(instructions) - 1)

    def weight(loop):
        return sum(issues[place] for place in own(instructions, all_loops, loop))

    def products(loop):
        return sum(issues[place] for place in own(instructions, all_loops, loop) if instructions[place].name in PRODUCTS)

    best = max(all_loops + [whole], key=lambda loop: (products(loop), weight(loop)))
    places = [place for place in own(instructions, all_loops, best) if issues[place]]
    counts = collections.Counter(kind(instructions[place]) for place in places)
    total = weight(best)
    return (products(best) / total if total else 0), counts
