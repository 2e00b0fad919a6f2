"""Results as a table, or as JSON."""
import json

HEAD = ("layer", "op", "kernel", "groups x items", "regs", "local", "fit", "per SM", "issued", "products", "hot", "bound", "us",
        "times")
LONGEST_MIX = 5


def mix_text(counts):
    return " ".join("%s:%d" % pair for pair in counts.most_common(LONGEST_MIX))


def row(result):
    launch = result.launch
    return (launch.layer, launch.op, launch.kernel, "%d x %d" % (result.groups, result.items), str(result.registers),
            str(result.shared_bytes), str(result.resident), str(result.per_sm), "%.0f" % result.issued,
            "%.0f" % result.products, "%.0f%% of %s" % (100 * result.hot_share, mix_text(result.hot_mix)), result.bound,
            "%.1f" % (result.seconds * 1e6), str(result.times))


def print_table(results):
    rows = [HEAD] + [row(result) for result in results]
    widths = [max(map(len, column)) for column in zip(*rows)]
    left = {0, 1, 2, 10, 11}
    for cells in rows:
        print("  ".join(cell.ljust(w) if k in left else cell.rjust(w)
                        for k, (cell, w) in enumerate(zip(cells, widths))).rstrip())
    print("%d launches: %.0f us" % (sum(r.times for r in results), sum(r.seconds * r.times for r in results) * 1e6))


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
