"""Results as a table, or as JSON."""
import collections
import json

from gpu_model import device as devices

HEAD = ("layer", "op", "kernel", "groups x items", "regs", "local", "fit", "per SM", "issued", "products", "hot", "bound", "us",
        "times")
LONGEST_MIX = 5
SUMMARY_HEAD = ("op", "implementation", "kernel", "launches", "us", "of step", "busy", "of peak", "bound of the longest")


def mix_text(counts):
    return " ".join("%s:%d" % pair for pair in counts.most_common(LONGEST_MIX))


def row(result):
    launch = result.launch
    return (launch.layer, launch.op, launch.kernel, "%d x %d" % (result.groups, result.items), str(result.registers),
            str(result.shared_bytes), str(result.resident), str(result.per_sm), "%.0f" % result.issued,
            "%.0f" % result.products, "%.0f%% of %s" % (100 * result.hot_share, mix_text(result.hot_mix)), result.bound,
            "%.1f" % (result.seconds * 1e6), str(result.times))


def print_rows(rows, left):
    """Columns, of which some are set to the left."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for cells in rows:
        print("  ".join(cell.ljust(w) if k in left else cell.rjust(w)
                        for k, (cell, w) in enumerate(zip(cells, widths))).rstrip())


def print_total(results):
    print("%d launches: %.0f us" % (sum(r.times for r in results), seconds_of(results) * 1e6))


def print_table(results):
    print_rows([HEAD] + [row(result) for result in results], {0, 1, 2, 10, 11})
    print_total(results)


def seconds_of(results):
    return sum(r.seconds * r.times for r in results)


def is_product(launch):
    return launch.op.startswith("conv") or launch.op == "gemm"


def flops_of(results):
    """Of the definition of the products, each op of a layer once."""
    return sum({(r.launch.layer, r.launch.op): r.launch.op_flops for r in results if is_product(r.launch)}.values())


def summary_row(same, whole, device):
    seconds, first = seconds_of(same), same[0].launch
    ran = seconds - device.launch * 1e-6 * sum(r.times for r in same)
    busy = sum(r.least * r.times for r in same) / max(ran, 1e-9)
    products = 2 * sum(r.products * r.items * r.groups * r.times for r in same)
    longest = max(same, key=lambda r: r.seconds * r.times)
    return (first.op, first.impl, first.kernel, str(sum(r.times for r in same)), "%.1f" % (seconds * 1e6),
            "%.0f%%" % (100 * seconds / whole), "%.0f%%" % (100 * min(busy, 1)),
            "%.0f%%" % (100 * products / seconds / devices.peak(device)), "%s (%s)" % (longest.bound, longest.launch.layer or "-"))


def print_summary(results, device):
    """Kernels of an op and implementation together, longest first, and what the step comes to."""
    groups = collections.defaultdict(list)
    for result in results:
        groups[result.launch.op, result.launch.impl, result.launch.kernel].append(result)
    whole = seconds_of(results)
    rows = [summary_row(same, whole, device) for same in sorted(groups.values(), key=seconds_of, reverse=True)]
    print_rows([SUMMARY_HEAD] + rows, {0, 1, 2, 8})
    print_total(results)
    print("multiply-adds of the definition: %.0f%% of the peak" % (100 * flops_of(results) / whole / devices.peak(device)))


def print_notes(results):
    """What the numbers do not show."""
    names = sorted({name for result in results for name in result.unknown})
    if names:
        print("not understood, and counted as zeros: " + ", ".join(names))
    steered = [r for r in results if r.branches_on_data]
    if steered:
        print("branches that the data decide, which count as zeros: " +
              ", ".join(sorted({"%s (%s)" % (r.launch.kernel, r.launch.op) for r in steered})))


def print_json(results):
    for result in results:
        fields = result._asdict()
        launch = fields.pop("launch")._asdict()
        launch.pop("arguments")
        fields.pop("issues")
        print(json.dumps({**launch, **fields}))
