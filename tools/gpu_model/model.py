"""The time of a launch: a few of its work-groups are run on one multiprocessor, and stand for the others."""
import collections

from gpu_model import device as devices
from gpu_model import machine, mix

SAMPLED = 7             # groups that are run alone, over the grid
MOST_ISSUES = 1500000   # of the groups that are run together
FULL_ROUNDS = 3         # of resident groups at least, where there are as many
BUSY = 0.7              # from which share on a unit is what bounds a launch

# Of one warp: instructions, products; of the whole launch: bytes from and to the second cache, microseconds by what it is
# made of. `issues`: of each instruction, by a warp of a mean group. `bound`: what limits it.
Result = collections.namedtuple(
    "Result", "launch registers shared_bytes groups items resident per_sm issued products hot_share hot_mix bound seconds times "
              "global_bytes branches_on_data unknown issues")


def total(numbers):
    product = 1
    for number in numbers:
        product *= number
    return product


def spread(numbers, count):
    """So many of them, evenly, with both ends."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[k * (len(numbers) - 1) // max(count - 1, 1)] for k in range(count)]


def unknown(instructions):
    """What gpu_sm has no meaning for is there by name in its table; see tests/gpu_sm/isa.def."""
    return sorted({i.name for i in instructions} - machine.known())


class Run:
    """A launch with one set of arguments on a device."""

    def __init__(self, path, device, launch, values, instructions, registers, shared_bytes):
        self.device, self.launch = device, launch
        self.groups, self.items = total(launch.groups), total(launch.local)
        self.per_sm = -(-self.groups // device.sms)
        self.resident = devices.occupancy(device, registers, shared_bytes, self.items)
        together = min(self.resident, self.per_sm)
        self.memory = (devices.cache_bytes(device, together, shared_bytes), devices.latency(device, launch.bytes),
                       devices.bytes_per_cycle(device, min(self.groups, device.sms)), device.tensor_cycles)
        self.warps = -(-self.items // 32)
        lines = machine.setting(launch.local, launch.groups, shared_bytes, values, device.target)
        self.machine = machine.Machine(path, lines + machine.program(instructions))

    def alone(self):
        """Groups of different places, each by itself."""
        return [self.machine.time([group], 1, *self.memory) for group in spread(range(self.groups), SAMPLED)]

    def together(self, issued):
        """Those of the multiprocessor that has most; how many of them were run, too."""
        share = range(0, self.groups, self.device.sms)
        rounds = FULL_ROUNDS * self.resident
        count = max(min(len(share), max(MOST_ISSUES // max(issued, 1), 1)), min(len(share), self.resident))
        count = min(count, max(rounds, 1)) if len(share) > rounds else count
        chosen = spread(share, count)
        return self.machine.time(chosen, self.resident, *self.memory), len(chosen)

    def run(self):
        with self.machine:
            singles = self.alone()
            issued = sum(one["issued"] for one in singles) / len(singles)
            many, count = self.together(int(issued))
        cycles = many["cycles"] * len(range(0, self.groups, self.device.sms)) / count
        longest = max(one["cycles"] for one in singles)
        return singles, many, max(cycles, longest), longest > cycles


def mean_issues(singles, warps):
    count = len(singles) * warps
    return [sum(column) / count for column in zip(*(one["issues"] for one in singles))]


def shares(many, instructions):
    """How busy each unit is."""
    cycles = max(many["cycles"], 1)
    issues = collections.Counter()
    for i, count in zip(instructions, many["issues"]):
        issues[machine.pipe(i.name)] += count
    slots = 4 * cycles
    return {"issue": many["issued"] / slots, "FMA": (issues["FMA"] + 2 * issues["IMAD"]) / slots,
            "ALU": 2 * issues["ALU"] / slots, "MUFU": 8 * issues["SPECIAL"] / slots,
            "LSU": many["load_store_cycles"] / cycles, "TENSOR": issues["TENSOR"] / slots}


def bound_of(run, many, instructions, is_one_group):
    """What limits a launch, in a word or two."""
    used = shares(many, instructions)
    used["TENSOR"] *= run.device.tensor_cycles
    used["L2"] = many["global_bytes"] / run.memory[2] / max(many["cycles"], 1)
    unit, share = max(used.items(), key=lambda pair: pair[1])
    if share >= BUSY:
        return "%s %d%%" % (unit, 100 * share)
    waits = max(many["waits"].items(), key=lambda pair: pair[1])[0]
    few = "one group" if is_one_group else "%d groups" % run.groups if run.groups < run.device.sms else ""
    return ", ".join(word for word in (few, "waits: " + waits) if word)


def memory_seconds(run, many, count):
    """What the whole launch takes at least of memory: operands that the second cache does not hold."""
    moved = many["global_bytes"] / count * run.groups
    far = min(run.launch.bytes, moved)
    return far / run.device.memory_rate if far > run.device.l2_bytes / 2 else 0


def time(path, device, launch, report, instructions):
    """The Result of a launch; those with different arguments are the mean of the first and the last."""
    values = launch.arguments if len(launch.arguments) < 2 else [launch.arguments[0], launch.arguments[-1]]
    seconds, last = [], None
    for one in values:
        run = Run(path, device, launch, one, instructions, report["registers"], report["local"])
        try:
            singles, many, cycles, is_one_group = run.run()
        except (machine.NotUnderstood, OSError) as error:
            raise machine.NotUnderstood("%s of %s %s: %s" % (launch.kernel, launch.file, launch.options, error)) from error
        count = round(sum(many["issues"]) / max(1, sum(singles[0]["issues"]))) or 1
        near, far = cycles / device.clock / 1e9, memory_seconds(run, many, count)
        seconds.append(max(near, far) + device.launch * 1e-6)
        last = run, singles, many, "memory" if far > near else bound_of(run, many, instructions, is_one_group)
    run, singles, many, bound = last
    issues = mean_issues(singles, run.warps)
    share, counts = mix.hottest(instructions, issues)
    products = sum(count for i, count in zip(instructions, issues) if i.name in mix.PRODUCTS)
    return Result(launch, report["registers"], report["local"], run.groups, run.items, run.resident, run.per_sm, sum(issues),
                  products, share, counts, bound, sum(seconds) / len(seconds), len(launch.arguments), many["global_bytes"],
                  many["branches_on_data"] + sum(one["branches_on_data"] for one in singles), unknown(instructions), issues)
