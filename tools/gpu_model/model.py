"""The time of a launch: a few of its work-groups are run on one multiprocessor, and stand for the others."""
import collections
import statistics

from gpu_model import device as devices
from gpu_model import machine, mix

SAMPLED, LEAST_SAMPLED = 33, 3  # groups that are run alone, over the grid
MOST_ISSUES = 1500000   # of the groups that are run together
FULL_ROUNDS = 3         # of resident groups, where there are as many
LEAST_ROUNDS = 2        # so that groups of several kinds run beside one another
LEAST = 12              # groups that are run, where there are as many
FAR_LONGER = 3          # than others
DIFFERENT = 1.3         # groups of which one has so much more to do than others, which multiprocessors share unequally
BUSY = 0.7              # from which share on a unit is what bounds a launch

# issued, products: instructions of a warp, and FFMA and HMMA among them; issues: of each instruction, by a warp of a mean group;
# global_bytes: from and to the second cache, of the groups that were run; times: launches in a step, of `seconds` each on average;
# least: of these seconds what the busiest unit would take if it were busy everywhere and always.
Result = collections.namedtuple(
    "Result", "launch registers shared_bytes groups items resident per_sm issued products hot_share hot_mix bound seconds least "
              "times global_bytes branches_on_data unknown issues")


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


def scattered(count, samples):
    """So many of the numbers below `count`, with both ends, in no step that a grid might have too."""
    golden = 0.6180339887
    return list(dict.fromkeys([0, count - 1] + [int(k * golden % 1 * count) for k in range(1, samples - 1)]))


def unknown(instructions):
    """Those that gpu_sm has no meaning for (tests/gpu_sm/isa.def)."""
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
        """Groups of different places, each by itself; fewer of long ones."""
        singles, issued = [], 0
        for group in scattered(self.groups, SAMPLED):
            singles.append(self.machine.time([group], 1, *self.memory))
            issued += singles[-1]["issued"]
            if issued > MOST_ISSUES and len(singles) >= LEAST_SAMPLED:
                break
        return singles

    def count(self, issued):
        """How many groups of a multiprocessor are run: all, or enough that those at their beginning and end matter little."""
        affordable = max(MOST_ISSUES // max(issued, 1), LEAST_ROUNDS * self.resident)
        return min(self.per_sm, affordable, max(FULL_ROUNDS * self.resident, LEAST))

    def together(self, first, issued):
        """Cycles of the multiprocessor that begins with a group, and what running some of its groups gave. Where not all are
        run, those that take far longer than others are left to themselves: they would count too often."""
        share = range(first, self.groups, self.device.sms)
        chosen = spread(share, self.count(issued))
        many = self.machine.time(chosen, self.resident, *self.memory)
        if len(chosen) == len(share):
            return many["cycles"], many
        usual = statistics.median(many["spans"])
        rest = [group for group, span in zip(chosen, many["spans"]) if span <= FAR_LONGER * usual]
        if len(rest) < len(chosen):
            many = self.machine.time(rest, self.resident, *self.memory)
        return many["cycles"] * len(share) / len(rest), many

    def run(self):
        with self.machine:
            singles = self.alone()
            all_issued = [one["issued"] for one in singles]
            differ = max(all_issued) > DIFFERENT * statistics.median(all_issued)
            firsts = sorted({k * self.device.sms // 3 % self.groups for k in range(3 if differ else 1)})
            mean = int(statistics.mean(all_issued))
            cycles, many = max((self.together(first, mean) for first in firsts), key=lambda pair: pair[0])
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


def uses(run, many, instructions, bytes_per_cycle):
    """How busy each unit of the multiprocessor is, and its way to the second cache."""
    used = shares(many, instructions)
    used["TENSOR"] *= run.device.tensor_cycles
    used["L2"] = many["global_bytes"] / bytes_per_cycle / max(many["cycles"], 1)
    return used


def bound_of(run, many, instructions, is_one_group):
    """What limits a launch, in a word or two."""
    used = uses(run, many, instructions, run.memory[2])
    unit, share = max(used.items(), key=lambda pair: pair[1])
    if share >= BUSY:
        return "%s %d%%" % (unit, min(100 * share, 100))
    waits = max(many["waits"].items(), key=lambda pair: pair[1])[0]
    few = "a group alone" if is_one_group else "few groups" if run.groups < run.device.sms else ""
    return ", ".join(word for word in (few, "waits: " + waits) if word)


def memory_seconds(run, many):
    """What the whole launch takes at least of memory: operands that the second cache does not hold."""
    moved = many["global_bytes"] / len(many["spans"]) * run.groups
    far = min(run.launch.bytes, moved)
    return far / run.device.memory_rate if far > run.device.l2_bytes / 2 else 0


def least_seconds(run, many, instructions):
    """What the busiest unit takes, when the work is shared among all multiprocessors evenly."""
    device = run.device
    busiest = max(uses(run, many, instructions, devices.bytes_per_cycle(device, device.sms)).values())
    cycles = busiest * many["cycles"] / len(many["spans"]) * run.groups / device.sms
    return max(cycles / device.clock / 1e9, memory_seconds(run, many))


def time(path, device, launch, report, instructions):
    """The Result of a launch. Of several with different arguments the last stands for itself, and the first for all others."""
    values = launch.arguments[-1:] + launch.arguments[:-1][:1]
    seconds, last = [], None
    for one in values:
        run = Run(path, device, launch, one, instructions, report["registers"], report["local"])
        try:
            singles, many, cycles, is_one_group = run.run()
        except (machine.NotUnderstood, OSError) as error:
            raise machine.NotUnderstood("%s of %s %s: %s" % (launch.kernel, launch.file, launch.options, error)) from error
        near, far = cycles / device.clock / 1e9, memory_seconds(run, many)
        seconds.append(max(near, far) + device.launch * 1e-6)
        last = run, singles, many, "memory" if far > near else bound_of(run, many, instructions, is_one_group)
    run, singles, many, bound = last
    others = len(launch.arguments) - 1
    mean = (seconds[0] + seconds[-1] * others) / (1 + others)
    issues = mean_issues(singles, run.warps)
    share, counts = mix.hottest(instructions, issues)
    products = sum(count for i, count in zip(instructions, issues) if i.name in mix.PRODUCTS)
    return Result(launch, report["registers"], report["local"], run.groups, run.items, run.resident, run.per_sm, sum(issues),
                  products, share, counts, bound, mean, least_seconds(run, many, instructions), len(launch.arguments),
                  many["global_bytes"], many["branches_on_data"] + sum(one["branches_on_data"] for one in singles),
                  unknown(instructions), issues)
