"""Signals to commands at work: a training saves a checkpoint on INT, TERM, HUP and a closed pipe and ends with 128 + the number; a second
signal ends it at once; --resume ends with the bytes of an undisturbed run."""
import os
import shutil
import signal

import check as checks
import formats
import program

SAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MANY = 100000


def folder_of(check):
    folder = check.path("run")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def in_training(check):
    """Whether an epoch is saved."""
    return any(check.path("run").glob("checkpoint-*.safetensors"))


def start(check, device, env, signals, ignored=()):
    folder = folder_of(check)

    def before():
        for number in SAVING:  # nohup and background shells leave some ignored
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    words = ["train", "--data", check.data, "--out", folder, "--device", device, "--epochs", MANY, *checks.TRAINING]
    outcome = check.clae(*words, env=env, signals=signals, before=before, timeout=120)
    check.tried("signals", len(signals))
    return folder, outcome


def judge_saved(check, label, folder, outcome, number):
    check.expect(outcome.code == 128 + number, label, f"exit {outcome.code} | {outcome.stderr[-200:]!r}")
    check.expect(formats.checkpoint_steps(folder), label, "nothing is saved")
    for damage in formats.damaged(folder):
        check.finding(label, damage)
    check.expect(not checks.temporaries(folder), label, f"left {checks.temporaries(folder)}")


def each_once(check, device, env):
    for number in SAVING:
        folder, outcome = start(check, device, env, [(lambda: in_training(check), number)])
        judge_saved(check, f"{device}: {number.name}", folder, outcome, number)


def early(check, device, env):
    """Before there is anything to save: no crash, no half of a file."""
    for delay in check.some((0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1), 2):
        for number in check.some(SAVING, 2):
            folder, outcome = start(check, device, env, [(delay, number)])
            check.expect(not outcome.is_timed_out and outcome.code in (-number, 128 + number), f"{device}: {number.name} after {delay} s",
                         f"exit {outcome.code} | {outcome.stderr[-200:]!r}")
            for damage in formats.damaged(folder):
                check.finding(f"{device}: {number.name} after {delay} s", damage)


def twice(check, device, env):
    for first, second in check.some(((signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGTERM),
                                     (signal.SIGHUP, signal.SIGHUP)), 2):
        label = f"{device}: {first.name}, then {second.name}"
        folder, outcome = start(check, device, env, [(lambda: in_training(check), first), (0.002, second)])
        check.expect(not outcome.is_timed_out, label, "hangs")
        check.expect(outcome.code in (-first, -second, 128 + first, 128 + second), label, f"exit {outcome.code}")
        for damage in formats.damaged(folder):
            check.finding(label, damage)


def under_nohup(check, device, env):
    """HUP is ignored, as nohup asks, and TERM still saves."""
    folder, outcome = start(check, device, env, [(lambda: in_training(check), signal.SIGHUP), (0.3, signal.SIGTERM)], ignored=(signal.SIGHUP,))
    judge_saved(check, f"{device}: HUP under nohup, then TERM", folder, outcome, signal.SIGTERM)


def other_commands(check):
    """Commands that save nothing on the way leave what stood in the output's place."""
    check.train(check.path("model"))
    output = check.path("out.png")
    words = {"reconstruct": ["reconstruct", check.path("model"), "--data", check.data, "--out", output, "--device", "c"],
             "tune": ["tune", "--device", "c", "--channels", 4], "selftest": ["selftest", "--device", "c"],
             "bench": ["bench", "--device", "c"]}
    for name, command in words.items():
        for number in check.some(SAVING, 1):
            output.write_bytes(b"old")
            outcome = check.clae(*command, env=program.environment(XDG_CACHE_HOME=check.path("cache")), signals=[(0.04, number)], timeout=100)
            check.tried("signals")
            check.expect(outcome.code in (0, -number, 128 + number), f"{name}: {number.name}", f"exit {outcome.code}")
            check.expect(output.read_bytes() == b"old" or outcome.code == 0, f"{name}: {number.name}", "what stood in the output's place is gone")
    check.expect(not checks.temporaries(check.folder), "other commands", f"left {checks.temporaries(check.folder)}")


def broken_pipe(check):
    """The reader of the messages goes away: training goes on or saves, as on SIGPIPE."""
    read, write = os.pipe()
    os.close(read)
    folder = folder_of(check)
    with os.fdopen(write, "wb") as end:
        outcome = check.clae("train", "--data", check.data, "--out", folder, "--device", "c", "--epochs", 200, *checks.TRAINING, stderr=end)
    check.tried("signals")
    # A shell calls both 141: before the training begins the signal itself ends the program.
    check.expect(outcome.code in (0, 128 + signal.SIGPIPE, -signal.SIGPIPE), "messages into a closed pipe", f"exit {outcome.code}")
    for damage in formats.damaged(folder):
        check.finding("messages into a closed pipe", damage)


def run(check):
    devices = [("c", program.environment())]
    vendors = program.pocl_vendors()
    if vendors:
        devices += [("opencl", program.environment(OCL_ICD_VENDORS=vendors))]
    # pocl's LLVM takes signals as soon as its library is loaded, whatever the device.
    for device, env in devices:
        each_once(check, device, env)
        early(check, device, env)
        twice(check, device, env)
        under_nohup(check, device, env)
    if vendors:
        under_nohup(check, "c", devices[1][1])
    other_commands(check)
    broken_pipe(check)
