"""The surroundings are odd: no HOME, folders that cannot be written, closed standard streams, few open files, little memory, another
locale, a clock that jumps. A training ends with the same bytes, or with one line."""
import locale
import os
import pathlib
import resource
import stat

import check as checks
import program

NOBODY = 65534


def environments(check):
    closed = check.path("closed")
    closed.mkdir()
    closed.chmod(0o555)
    file = check.path("file")
    file.write_text("")
    return {
        "no HOME": {"HOME": None, "XDG_CACHE_HOME": None}, "an empty HOME": {"HOME": "", "XDG_CACHE_HOME": ""},
        "a HOME that cannot be written": {"HOME": closed, "XDG_CACHE_HOME": None},
        "a HOME that is not there": {"HOME": "/nonexistent", "XDG_CACHE_HOME": None}, "a HOME that is a file": {"HOME": file, "XDG_CACHE_HOME": None},
        "a relative XDG_CACHE_HOME": {"XDG_CACHE_HOME": "cache"}, "an XDG_CACHE_HOME that is a file": {"XDG_CACHE_HOME": file},
        "a TMPDIR that is not there": {"TMPDIR": "/nonexistent"}, "a long XDG_CACHE_HOME": {"XDG_CACHE_HOME": "/" + "x" * 5000},
        "a TERM that is unknown": {"TERM": "x" * 1000}, "no PATH": {"PATH": None}, "CLAE_DATA_DIR that is not there": {"CLAE_DATA_DIR": "/nonexistent"},
        "an empty CLAE_DEVICE": {"CLAE_DEVICE": ""}, "OMP_NUM_THREADS without sense": {"OMP_NUM_THREADS": "-5"},
        "OMP_NUM_THREADS of 1000": {"OMP_NUM_THREADS": "1000"},
    }


def locales():
    """Those with a comma in numbers, as far as they are installed."""
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8", "C.UTF-8", "nonexistent_XX"):
        if name != "nonexistent_XX":
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            finally:
                locale.setlocale(locale.LC_ALL, "C")
        yield name


def is_open_to_all(path):
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in pathlib.Path(path).resolve().parents)


def as_nobody():
    """Where others can reach the program: a home folder may be closed to them."""
    if os.geteuid() == 0 and is_open_to_all(program.path()):
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def train(check, device, env, label, **options):
    """A training whose model must be the reference's."""
    folder = check.path(f"run-{check.counts.get('surroundings', 0)}")
    outcome = check.clae("train", "--data", check.data, "--out", folder, "--device", device, "--epochs", 1, *checks.TRAINING, env=env, **options)
    check.tried("surroundings")
    if check.judge(outcome, label, codes=(0,)):
        check.expect((folder / "model.safetensors").read_bytes() == check.good[device], label, "the model differs")
        check.expect(not checks.temporaries(folder), label, f"left {checks.temporaries(folder)}")


def streams(check, device, env):
    """Standard streams that are closed: no file may be opened in their place and be written with messages."""
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        def before(closed=closed):
            for fd in closed:
                os.close(fd)

        train(check, device, env, f"{device}: streams {closed} closed", before=before)
    with open("/dev/full", "wb") as full:
        train(check, device, env, f"{device}: messages to a full disk", stderr=full)


def limits(check, device, env):
    """Little of what the system gives: an error of one line, or success."""
    for name, limit, values in (("open files", resource.RLIMIT_NOFILE, (4, 6, 8, 12, 20)),
                                ("MiB of memory", resource.RLIMIT_AS, (60, 100, 150, 200, 300)),
                                ("processes", resource.RLIMIT_NPROC, (1,)), ("KiB of stack", resource.RLIMIT_STACK, (256, 1024))):
        for value in check.some(values, 2):
            size = value * {"MiB of memory": 1 << 20, "KiB of stack": 1 << 10}.get(name, 1)
            # A value is set for the child alone.
            def before(limit=limit, size=size):
                resource.setrlimit(limit, (size, size))

            outcome = check.clae("train", "--data", check.data, "--out", check.path(f"limited-{name[:4]}-{value}"), "--device", device,
                                 "--epochs", 1, *checks.TRAINING, env=env, before=before)
            check.tried("surroundings")
            # These libraries end the process themselves.
            if not any(word in outcome.stderr for word in ("error while loading shared libraries", "OMP", "libgomp", "Fontconfig")):
                check.judge(outcome, f"{device}: {value} {name}", codes=(0, 1, 2, 3, 4))


def run(check):
    check.folder.chmod(0o777)
    devices = {"c": program.environment()}
    vendors = program.pocl_vendors()
    if vendors:
        devices["opencl"] = program.environment(OCL_ICD_VENDORS=vendors)
    check.good = {}
    odd = environments(check)
    for device, env in devices.items():
        base = check.path(f"reference-{device}")
        check.train(base, device=device, env=env)
        check.good[device] = (base / "model.safetensors").read_bytes()
        few = 5 if device == "c" else 3
        for label, changes in check.some(odd.items(), few):
            changed = {name: str(value) for name, value in changes.items() if value is not None}
            made = {name: value for name, value in env.items() if name not in changes} | changed
            train(check, device, made, f"{device}: {label}", before=as_nobody if "HOME" in label else None, cwd=check.folder)
        for name in check.some(locales(), 2):
            train(check, device, env | {"LC_ALL": name}, f"{device}: locale {name}")
        streams(check, device, env)
    limits(check, "c", devices["c"])
