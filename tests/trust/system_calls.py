"""Each system call of an epoch and its saves fails once, in each way that it may: no crash, one message, earlier files whole, and
--resume ends with the bytes of an undisturbed run."""
import calls
import check as checks
import formats

FAULTS = {
    "openat": ("error=EIO", "error=EMFILE", "error=ENOSPC"), "write": ("error=EIO", "error=ENOSPC", "error=EINTR", "retval=3"),
    "read": ("error=EIO", "error=EINTR", "retval=0"), "fsync": ("error=EIO", "error=ENOSPC"), "close": ("error=EIO", "error=EINTR"),
    "renameat": ("error=EIO", "error=EXDEV"), "rename": ("error=EIO", "error=EXDEV"), "mmap": ("error=ENOMEM",),
    "newfstatat": ("error=EIO",), "fstat": ("error=EIO",), "mkdir": ("error=EACCES",), "unlink": ("error=EACCES",),
    "unlinkat": ("error=EACCES",), "flock": ("error=EIO", "error=EAGAIN"), "getdents64": ("error=EIO",), "lseek": ("error=EIO",),
    "fchmod": ("error=EPERM",), "pread64": ("error=EIO",), "readlink": ("error=EIO",),
    "clone3": ("error=EAGAIN",), "ftruncate": ("error=EIO",), "munmap": ("error=EIO",),
    "sched_setaffinity": ("error=EINVAL",), "prlimit64": ("error=EPERM",),
}
EVERY = 6  # of the calls that concern no file of the user: libraries', fonts


def faults(scene):
    listed, seen = [], {}
    for name, number, text, matters in scene.calls:
        seen[name] = seen.get(name, 0) + 1
        if matters or seen[name] % EVERY == 0:
            listed += [(name, number, fault, text) for fault in FAULTS.get(name, ())]
    return listed


def is_same(path, expected):
    return path.exists() and path.read_bytes() == expected


def inject_one(check, scene, name, number, fault, text):
    label = f"{name} #{number} {fault} {text}"
    model = scene.run / "model.safetensors"
    scene.fresh()
    outcome = scene.disturbed(name, f"{fault}:when={number}")
    check.tried("faults")
    check.judge(outcome, label)
    for damage in formats.damaged(scene.run):
        check.finding(label, damage)
    steps = formats.checkpoint_steps(scene.run)
    check.expect(steps, label, "no checkpoint is left")
    check.expect(model.exists() or 20 in steps, label, "the model of the finished run is gone, with nothing newer")
    # A removal that fails may leave its file: the next start takes it.
    if not name.startswith("unlink"):
        check.expect(not checks.temporaries(scene.run), label, f"left {checks.temporaries(scene.run)}")
    if outcome.code == 0:
        check.expect(is_same(model, scene.model), label, "exit 0, and the model differs")
        check.expect(len(formats.log_rows(scene.run)) == 3, label, "exit 0, and log.csv lacks a row")
    again = scene.resume()
    if check.judge(again, f"{label}, resumed", codes=(0,)):
        check.expect(is_same(model, scene.model), label, "the model differs after --resume")
        check.expect(len(formats.log_rows(scene.run)) == 3, label, "log.csv lacks a row after --resume")


def run(check):
    scene = calls.Scene(check, True)
    for name, number, fault, text in check.some(faults(scene), 24):
        inject_one(check, scene, name, number, fault, text)
