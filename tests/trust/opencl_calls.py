"""Each OpenCL call fails, at its first uses, in the middle and at its last, once or with every call after it: no crash, one
message, every checkpoint whole. Where clae goes on (exit 0), the model has the bytes of an undisturbed run or a warning says why not."""
import os
import re
import shutil

import check as checks
import formats
import program

CODES = {"clBuildProgram": -11, "clGetPlatformIDs": -1001, "clCreateBuffer": -4}
OUT_OF_RESOURCES = -5


def start(check, words, **changes):
    shutil.rmtree(check.path("run"), ignore_errors=True)
    shutil.copytree(check.path("base"), check.path("run"))
    return check.clae(*words, env=check.environment | {key: str(value) for key, value in changes.items()}, timeout=200)


def without_shim(outcome):
    return outcome.with_stderr(re.sub(r"(?m)^failing call.*\n", "", outcome.stderr))


def fail_one(check, words, mode, name, use, is_lost):
    code = CODES.get(name, OUT_OF_RESOURCES)
    changes = {"CLAE_TEST_CL_CALL": name, "CLAE_TEST_CL_AT": use, "CLAE_TEST_CL_CODE": code}
    if is_lost:
        changes["CLAE_TEST_CL_LOST"] = 1
    outcome = start(check, words, **changes)
    if "failing call" not in outcome.stderr:
        return
    check.tried("failed calls")
    label = f"{mode}: {name} #{use}{' and all after it' if is_lost else ''}"
    check.judge(without_shim(outcome), label, codes=(0, 3))
    for damage in formats.damaged(check.path("run")):
        check.finding(label, damage)
    check.expect(formats.checkpoint_steps(check.path("run")), label, "no checkpoint is left")
    model = check.path("run") / "model.safetensors"
    if outcome.code == 0:
        same = model.exists() and model.read_bytes() == check.model
        check.expect(same or len(outcome.stderr.splitlines()) > 1, label, "exit 0, other bits and no word")


def resume_after_launch(check, words, count):
    """A launch that fails in mid-training names the checkpoint and what goes on from there, which gives the same model."""
    label = "a launch in mid-training"
    loud = [word for word in words if word != "--quiet"]
    outcome = start(check, loud, CLAE_TEST_CL_CALL="clEnqueueNDRangeKernel", CLAE_TEST_CL_AT=count // 2,
                    CLAE_TEST_CL_CODE=OUT_OF_RESOURCES)
    check.tried("failed calls")
    check.expect(outcome.code == 3, label, f"exit {outcome.code}")
    check.expect("is whole: clae train --resume" in outcome.stderr + outcome.stdout, label, outcome.stderr)
    check.judge(check.clae(*words, env=check.environment, timeout=200), label)
    check.expect((check.path("run") / "model.safetensors").read_bytes() == check.model, label, "another model")


def uses(check, count, is_auto):
    picked = {1, 2, 3, 4, 5, count // 4, count // 2, 3 * count // 4, count - 1, count} if check.is_long else {1}
    return sorted(use for use in picked if 1 <= use <= (min(count, 4) if is_auto else count))


def run(check):
    vendors, shim = program.pocl_vendors(), os.environ.get("CLAE_TEST_OPENCL_SHIM")
    if not vendors or not shim:
        raise checks.Skip("pocl is not there")
    plain = program.environment(OCL_ICD_VENDORS=vendors)
    check.environment = plain | {"LD_PRELOAD": shim}
    check.train(check.path("base"), device="opencl", env=plain)
    resume = ["train", "--resume", "--out", check.path("run"), "--epochs", 2, "--quiet"]
    modes = {"opencl": [*resume, "--device", "opencl"], "streamed": [*resume, "--device", "opencl", "--memory-limit", "1.2"],
             "auto": resume}
    for mode, words in modes.items() if check.is_long else [("opencl", modes["opencl"])]:
        outcome = start(check, words, CLAE_TEST_COUNT=1)
        counts = dict(re.findall(r"failing call: (\w+) (\d+)", outcome.stderr))
        if mode == "opencl":
            check.model = (check.path("run") / "model.safetensors").read_bytes()
            resume_after_launch(check, words, int(counts["clEnqueueNDRangeKernel"]))
        for name in sorted(counts):
            for use in uses(check, int(counts[name]), mode == "auto"):
                for is_lost in (False, True) if mode == "opencl" and check.is_long else (False,):
                    fail_one(check, words, mode, name, use, is_lost)
