"""Each allocation of clae's own code fails once: no crash, nothing lost (with the leak checker in builds with sanitizers), one
message, and what stood in the output's place stays."""
import os
import re
import shutil

import check as checks
import formats
import program

OLD = b"old"


def commands(check, device):
    model, data = check.path("model"), check.data
    on = ["--device", device]
    return {
        "describe": (["describe", model], None),
        "import": (["import", model, *checks.TRAINING[2:], "--mean", 0.5, "--std", 0.25, "--out", check.path("out.safetensors")],
                   "out.safetensors"),
        "eval": (["eval", model, "--data", data, *on], None),
        "encode": (["encode", model, "--data", data, "--out", check.path("out.npy"), *on], "out.npy"),
        "sample": (["sample", model, "--data", data, "--out", check.path("out.png"), *on], "out.png"),
        "reconstruct": (["reconstruct", model, "--data", data, "--out", check.path("out.png"), *on], "out.png"),
        "train": (["train", "--data", data, "--out", check.path("run"), "--steps", 2, *checks.TRAINING, *on], None),
        "resume": (["train", "--resume", "--out", check.path("run"), "--epochs", 2, *on], None),
    }


def fresh(check, name, output):
    shutil.rmtree(check.path("run"), ignore_errors=True)
    if name == "resume":
        shutil.copytree(check.path("model"), check.path("run"))
    if output:
        check.path(output).write_bytes(OLD)


def start(check, words, **changes):
    environment = check.environment | {key: str(value) for key, value in changes.items()}
    return program.run([check.failing, *map(str, words)], env=environment)


def without_shim(outcome):
    """The outcome without the lines of the failing allocations."""
    return outcome.with_stderr(re.sub(r"(?m)^failing allocation: .*\n", "", outcome.stderr))


def fail_one(check, name, words, output, whole, number):
    fresh(check, name, output)
    outcome = start(check, words, CLAE_TEST_FAIL_AT=number)
    site = re.search(r"failing allocation: (\w+)", outcome.stderr)
    if not site:
        return
    check.tried("failed allocations")
    label = f"{name} #{number} {site.group(1)}"
    check.judge(without_shim(outcome), label, codes=(0, 1, 3, 4))
    if output:
        there = check.path(output).read_bytes()
        check.expect(there == (OLD if outcome.code else whole), label, f"exit {outcome.code}, and the output is {there[:8]!r}")
    folder = check.path("run")
    if folder.exists():
        for damage in formats.damaged(folder):
            check.finding(label, damage)
        check.expect(not checks.temporaries(folder), label, f"left {checks.temporaries(folder)}")
        check.expect(name != "resume" or formats.checkpoint_steps(folder), label, "no checkpoint is left")


def run_device(check, device, environment, few, stride):
    check.environment = environment
    for name, (words, output) in commands(check, device).items():
        fresh(check, name, output)
        counted = re.search(r"failing allocation: count (\d+)", start(check, words, CLAE_TEST_COUNT=1).stderr)
        if not counted:
            raise RuntimeError(f"{name}: allocations are not counted")
        whole = check.path(output).read_bytes() if output else None
        for number in check.some(range(1, int(counted.group(1)) + 1, stride), few):
            fail_one(check, name, words, output, whole, number)


def run(check):
    check.failing = os.environ.get("CLAE_TEST_FAILING_PROGRAM")
    if not check.failing:
        raise checks.Skip("the linker cannot wrap functions")
    check.train(check.path("model"))
    run_device(check, "c", program.environment(), 8, 1)
    vendors = program.pocl_vendors()
    # Drivers lose memory of their own.
    if vendors and not check.is_sanitized:
        run_device(check, "opencl", program.environment(OCL_ICD_VENDORS=vendors), 5, 25)
