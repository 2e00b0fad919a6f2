"""kill -9 on entering each system call of an epoch and its saves, then --resume: an epoch that was reported is not lost, and the
model has the same bytes as without the kill. From an unfinished run and from a finished one that goes on."""
import re

import calls
import check as checks
import formats

SKIPPED = ("futex", "execve", "exit_group", "rt_sigreturn")


def kill_one(check, scene, label, name, number):
    scene.fresh()
    outcome = scene.disturbed(name, f"signal=KILL:when={number}")
    if outcome.code not in (-9, 137):
        return
    check.tried("kills")
    done = max((int(m) for m in re.findall(r"epoch (\d+)/\d+  loss", outcome.stderr)), default=1)
    steps = formats.checkpoint_steps(scene.run)
    has_model = (scene.run / "model.safetensors").exists()
    check.expect((steps and steps[-1] >= done * 10) or (has_model and done == 1), label,
                 f"epoch {done} was reported, checkpoints {steps} are there")
    for damage in formats.damaged(scene.run):
        check.finding(label, damage)
    again = scene.resume()
    if not check.judge(again, f"{label}, resumed", codes=(0,)):
        return
    check.expect((scene.run / "model.safetensors").read_bytes() == scene.model, label, "the model differs after --resume")
    check.expect(len(formats.log_rows(scene.run)) == 3, label, "log.csv lacks a row after --resume")
    check.expect(not checks.temporaries(scene.run), label, f"{checks.temporaries(scene.run)} is left after --resume")


def run(check):
    for is_finished in (False, True):
        scene = calls.Scene(check, is_finished)
        kind = "finished" if is_finished else "unfinished"
        ours = [c for c in scene.calls if c[3] and c[0] not in SKIPPED]
        others = [c for c in scene.calls if not c[3] and c[0] not in SKIPPED]
        for name, number, text, _ in check.some(ours, 8) + check.some(others[::8], 2):
            kill_one(check, scene, f"{kind}, {name} #{number} {text}", name, number)
