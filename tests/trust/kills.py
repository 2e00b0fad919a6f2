"""kill -9 at random moments, --resume after each: no epoch that was reported is lost, and the model has the same bytes as that
of a run which nobody disturbed."""
import re
import shutil

import check as checks
import formats
import program

EPOCHS = 25


def acknowledged(outcome):
    return max((int(m) for m in re.findall(r"epoch (\d+)/\d+  loss", outcome.stderr)), default=0)


def kill_one(check, words, env, device, seconds):
    """One start that is killed after `seconds`; True when it ended by itself."""
    outcome = check.clae(*words, env=env, kill_after=seconds)
    label = f"{device} after {seconds:.3f} s"
    folder = check.path("run")
    if outcome.code == -9:
        check.tried("kills")
    else:
        check.judge(outcome, label, codes=(0,))
    steps = formats.checkpoint_steps(folder)
    done = acknowledged(outcome)
    check.expect(not done or (steps and steps[-1] >= done * 10), label, f"epoch {done} was reported, checkpoints {steps} are there")
    for damage in formats.damaged(folder):
        check.finding(label, damage)
    return outcome.code != -9


def run_device(check, device, env, kills):
    reference, folder = check.path("reference"), check.path("run")
    for old in (reference, folder):
        shutil.rmtree(old, ignore_errors=True)
    words = ["train", "--data", check.data, "--resume", "--device", device, "--epochs", EPOCHS, *checks.TRAINING]
    check.must(*words, "--out", reference, env=env)
    whole = check.must(*words, "--out", check.path("again"), env=env).seconds
    shutil.rmtree(check.path("again"))
    end = check.counts.get("kills", 0) + kills
    while check.counts.get("kills", 0) < end:
        while not kill_one(check, [*words, "--out", folder], env, device, check.random.uniform(0.01, 0.75 * whole)):
            if check.counts["kills"] >= end:
                check.judge(check.clae(*words, "--out", folder, env=env), f"{device} last resume", codes=(0,))
                break
        check.tried("runs")
        label = f"{device} run {check.counts['runs']}"
        same = (folder / "model.safetensors").exists() and (
            (folder / "model.safetensors").read_bytes() == (reference / "model.safetensors").read_bytes())
        check.expect(same, label, "the model differs from that of an undisturbed run")
        check.expect(formats.log_rows(folder) == formats.log_rows(reference), label, "log.csv differs")
        check.expect(not checks.temporaries(folder), label, f"left {checks.temporaries(folder)}")
        shutil.rmtree(folder, ignore_errors=True)


def run(check):
    run_device(check, "c", program.environment(), check.times(5, 700))
    vendors = program.pocl_vendors()
    if vendors:
        run_device(check, "opencl", program.environment(OCL_ICD_VENDORS=vendors), check.times(2, 300))
