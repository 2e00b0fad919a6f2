#!/usr/bin/env python3
"""gpu_model.py TOOLS GPU_SM [BUILD]: tools/gpu-model on what does not depend on times. The emulator runs a disassembly that lies
here; of a build folder the first layer of the lecture's network is compiled and counted, where there are compilers."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

SKIPPED = 77
ITEMS, GROUP, FIRST_ADDRESS = 64, 1, 0x7f0000000000
MASK = 0xffffffff


def samples(sass):
    return sass.parse((pathlib.Path(__file__).parent / "gpu_model" / "samples.sass").read_text())


def stored(machine, gpu_sm, code, values):
    """What work-items of a group wrote, by the place of each in the buffer."""
    lines = machine.setting((ITEMS, 1, 1), (4, 1, 1), 0, values, "sm_90") + machine.program(code)
    with machine.Machine(gpu_sm, lines) as ready:
        return {(address - FIRST_ADDRESS) // 4: value for address, value in ready.stores(GROUP)}


def argument(number, size=4):
    return (number & (256 ** size - 1)).to_bytes(size, "little")


def check_divisions(machine, gpu_sm, code):
    for n, by in ((1, 7), (12345, 3), (-99, 1001), (7, -5), (2000000, 1)):
        found = stored(machine, gpu_sm, code, [argument(FIRST_ADDRESS, 8), argument(n), argument(by)])
        for i in range(GROUP * ITEMS, (GROUP + 1) * ITEMS):
            a = (i - 50) * n
            quotient = abs(a) // abs(by) * (1 if (a < 0) == (by < 0) else -1)
            wide = (a & MASK) * 1000003 // ((by * 77) & (2 ** 64 - 1))
            wanted = [quotient, a - quotient * by, (a & MASK) // (by & MASK), wide]
            assert [found[4 * i + k] for k in range(4)] == [value & MASK for value in wanted], (i, n, by)


def check_parting_lanes(machine, gpu_sm, code):
    found = stored(machine, gpu_sm, code, [argument(FIRST_ADDRESS, 8), argument(1)])
    for i in range(GROUP * ITEMS, (GROUP + 1) * ITEMS):
        x, steps = i + 1, 0
        while x != 1:
            x, steps = (3 * x + 1 if x % 2 else x // 2), steps + 1
        assert found[i] == steps, i


def check_counts(machine, gpu_sm, code):
    """Products, barriers, and what shared memory takes: every operand is the same for all lanes, so that nothing conflicts."""
    count, groups = 10, [0, 1, 3]
    values = [argument(FIRST_ADDRESS, 8), argument(FIRST_ADDRESS + 4096, 8), argument(count)]
    lines = machine.setting((ITEMS, 1, 1), (4, 1, 1), 256, values, "sm_90") + machine.program(code)
    with machine.Machine(gpu_sm, lines) as ready:
        result = ready.time(groups, 2, 1 << 16, 300, 32, 7)

    def issued(name):
        return sum(n for i, n in zip(code, result["issues"]) if i.name == name)

    warps = len(groups) * ITEMS // 32
    assert issued("FFMA") == warps * 16 * count
    assert issued("BAR") == warps * 2 * count
    assert issued("LDG") == issued("STS") == warps * count and issued("STG") == warps
    assert result["loaded_bytes"] == len(groups) * ITEMS * 4 * count
    assert result["stored_bytes"] == len(groups) * ITEMS * 4
    assert result["issued"] == sum(result["issues"]) and 4 * result["cycles"] >= result["issued"]
    assert result["branches_on_data"] == 0


def check_loops(mix, code):
    loops = mix.loops(code)
    assert len(loops) == 1, loops
    kinds = [mix.kind(code[place]) for place in mix.own(code, loops, loops[0])]
    assert kinds.count("FFMA") == 16 and kinds.count("BAR") == 2


def check_operands(machine, sass):
    """How operands of all kinds are told to gpu_sm."""
    words = {"R4": "r4", "-RZ": "-r255", "UR7": "u7", "!P3": "!p3", "UPT": "q7", "|R6|.reuse": "|r6", "c[0x0][0x210]": "c0:-1:528",
             "c[0x3][R2+0x8]": "c3:2:8", "desc[UR4][R2.64+-0x8]": "m2:-1:4294967288:1:1", "[R3+UR5+0x10]": "m3:5:16:0:1",
             "[R3.X4]": "m3:-1:0:0:4", "B1": "b1", "SR_CTAID.Y": "s4", "0x10": "i16", "-0x1": "i4294967295"}
    whole = sass.instruction("0", "IADD3 R0, R1, R2, R3", 0, [])
    for word, text in words.items():
        assert machine.operand(whole, word, {}) == text, (word, machine.operand(whole, word, {}))
    of_floats = sass.instruction("0", "FADD R0, R1, 0.5", 0, [])
    assert machine.operand(of_floats, "0.5", {}) == "i%d" % struct.unpack("<I", struct.pack("<f", 0.5))


def gpu_model(tools, build, folder, *words):
    command = [sys.executable, os.path.join(tools, "gpu-model"), "--build", build, "--cache", folder, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check_layer(tools, build):
    """The first layer's products are those of the definition, and some of positions beyond the image. The exit status of the test."""
    with tempfile.TemporaryDirectory(prefix="gpu-model-test-") as folder:
        done = gpu_model(tools, build, folder, "--json", "--layer", "encoder.0", "--program", "conv_gather_spread_tiled.cl", "--",
                         "--impl", "conv2d_fwd=tiled")
        summary = gpu_model(tools, build, folder, "--summary", "--network", "mlp-28", "--layer", "encoder.4")
        with open(os.path.join(folder, "conv_gather_spread_few_in.cl"), "w", encoding="utf-8") as source:
            source.write("#error this one is compiled\n")
        replaced = gpu_model(tools, build, folder, "--layer", "encoder.0", "--program", "conv_gather_spread_few_in.cl",
                             "--kernels", folder)
    if done.returncode == SKIPPED:
        print(done.stdout.strip())
        return SKIPPED
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads(done.stdout)
    assert (row["layer"], row["op"], row["kernel"]) == ("encoder.0", "conv2d_fwd", "conv")
    assert not row["unknown"] and not row["branches_on_data"] and row["seconds"] > 0
    of_definition = 100 * 24 * 24 * 32 * 25
    assert row["op_flops"] == 2 * of_definition, row
    assert of_definition <= row["products"] * row["items"] * row["groups"] <= 1.25 * of_definition, row
    assert 0 < row["least"] < row["seconds"], row
    assert replaced.returncode != 0 and "this one is compiled" in replaced.stdout + replaced.stderr, replaced
    assert summary.returncode == 0 and "multiply-adds of the definition" in summary.stdout, summary.stdout + summary.stderr
    return 0


def main():
    tools, gpu_sm, *build = sys.argv[1:]
    if build:
        return check_layer(tools, build[0])
    sys.path.insert(0, tools)
    sys.dont_write_bytecode = True
    from gpu_model import machine, mix, sass
    code = samples(sass)
    check_operands(machine, sass)
    check_divisions(machine, gpu_sm, code["divide"])
    check_parting_lanes(machine, gpu_sm, code["collatz"])
    check_counts(machine, gpu_sm, code["products"])
    check_loops(mix, code["products"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
