#!/usr/bin/env python3
"""bench_tools.py TOOLS: bench-scaling and bench-networks with a program in place of clae whose speeds are known."""
import csv
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

# A step of 10 ms at 100 GFLOP/s: 0.4 GFLOP of products, so 40% of the peak; an op that moves memory, one that is short.
FAKE = r'''#!/usr/bin/env python3
import json, sys
given = dict(zip(sys.argv[2::2], sys.argv[3::2]))
device, size = given["--device"], int(given["--batch-size"])
def op(layer, name, shape, ms, gflops, gbytes):
    return {"layer": layer, "op": name, "shape": shape, "impl": "direct", "runs": 1, "ms": ms, "gflops": gflops,
            "gbytes_per_second": gbytes}
ops = [op("encoder.0", "conv2d_fwd", "64x8x8x16 -> 8x8x16 k3x3", 8.0, 50.0, 0.5),
       op("encoder.0", "conv2d_bwd_weights", "64x8x8x16 -> 8x8x3 k3x3", 0.001, 1.0, 0.001)]
if device == "c":
    ops.insert(1, op("encoder.1", "activation_fwd", "relu 64", 2.0, 0.5, 1e6))
print(json.dumps({"name": "fake " + device, "train_images_per_second": 100.0 * size, "encode_images_per_second": 400.0 * size,
                  "step_ms": 10.0, "peak_gflops": 100.0, "memory_bytes": 1 << 20, "ops": ops}))
'''


def run(tools, tool, clae, *options):
    command = [sys.executable, str(tools / tool), "--clae", str(clae), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def check_scaling(tools, clae, folder):
    run(tools, "bench-scaling", clae, "--rounds", "1", "--vary", "image", "--csv", str(folder / "t.csv"), "--svg", str(folder / "t.svg"),
        "--ops", str(folder / "ops.csv"))
    rows = list(csv.DictReader((folder / "t.csv").open()))
    assert {row["device"] for row in rows} == {"c", "cpu"}
    for row in rows:
        assert abs(float(row["share_of_peak"]) - 0.4) < 1e-4, row
        assert float(row["train_images_per_second"]) == 100 * int(row["batch"]), row
    ops = list(csv.DictReader((folder / "ops.csv").open()))
    assert len(ops) == len(rows) // 2 * 5
    svg = xml.etree.ElementTree.parse(folder / "t.svg").getroot()
    lines = svg.findall("{http://www.w3.org/2000/svg}polyline")
    networks = len({row["network"] for row in rows})
    assert len(lines) == networks * 2 * 2  # devices, what is shown
    points = sum(len(line.get("points").split()) for line in lines)
    assert points == 2 * len(rows)
    for line in lines:
        places = [tuple(map(float, place.split(","))) for place in line.get("points").split()]
        assert places == sorted(places)


def check_networks(tools, clae):
    done = run(tools, "bench-networks", clae, "--model", "mlp-28")
    rows = {cells[2]: cells for cells in ([c.strip() for c in line.split("|")] for line in done.stdout.splitlines()) if len(cells) > 9}
    assert rows["conv2d, forward"][4:] == ["direct", "8.000", "50%", "direct", "8.000", "50%", ""], rows
    assert rows["conv2d, weight gradient"][6] == "1% (s)", rows
    assert rows["activation, forward"][4:] == ["direct", "2.000", "1000000.0 GB/s", "", "", "", ""], rows
    assert "trained" in done.stderr and "encoder" not in done.stderr, done.stderr


def main():
    tools = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        clae = folder / "clae"
        clae.write_text(FAKE)
        clae.chmod(0o755)
        check_scaling(tools, clae, folder)
        check_networks(tools, clae)


main()
