"""Ctrl-C at random moments, --resume with other numbers of threads and other memory limits each time: the model, the log and the
losses of each step are those of a run that nobody interrupted."""
import shutil
import signal

import check as checks
import formats
import program

EPOCHS = 4
IMAGES, TESTS = 1010, 70


def one_run(check, words, device, env, whole, limits):
    folder = check.path("run")
    shutil.rmtree(folder, ignore_errors=True)
    check.path("steps.csv").unlink(missing_ok=True)
    while True:
        more = ["--threads", check.random.choice((1, 2, 3, 4))]
        limit = check.random.choice(limits)
        if limit:
            more += ["--memory-limit", limit]
        delay = check.random.uniform(0.05, 1.3 * whole)
        outcome = check.clae(*words, "--out", folder, "--resume", *more, env=env, signals=[(delay, signal.SIGINT)])
        if outcome.code == 130 or outcome.code == -signal.SIGINT:
            check.tried("interrupts")
            continue
        return check.judge(outcome, f"{device} {more}", codes=(0,))


def run_device(check, device, env, runs, limits):
    data, reference, steps = check.path("images"), check.path("reference"), check.path("steps.csv")
    formats.write_dataset(data, IMAGES, TESTS)
    shutil.rmtree(reference, ignore_errors=True)
    words = ["train", "--data", data, "--device", device, "--epochs", EPOCHS, *checks.TRAINING, "--log-steps", steps]
    check.must(*words, "--out", check.path(f"warm-{device}"), env=env)
    steps.unlink()
    whole = check.must(*words, "--out", reference, env=env).seconds
    losses = steps.read_bytes()
    for i in range(runs):
        label = f"{device} run {i}"
        check.tried("runs")
        if not one_run(check, words, device, env, whole, limits):
            continue
        same = (check.path("run") / "model.safetensors").read_bytes() == (reference / "model.safetensors").read_bytes()
        check.expect(same, label, "the model differs from that of an undisturbed run")
        check.expect(formats.log_rows(check.path("run")) == formats.log_rows(reference), label, "log.csv differs")
        check.expect(steps.read_bytes() == losses, label, "the losses of the steps differ")


def run(check):
    run_device(check, "c", program.environment(), check.times(2, 30), (None, "2.2"))
    vendors = program.pocl_vendors()
    if vendors:
        run_device(check, "opencl", program.environment(OCL_ICD_VENDORS=vendors), check.times(1, 15), (None, "1.7"))
