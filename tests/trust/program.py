"""Runs clae: its exit code or signal, what it wrote, its peak of memory."""
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time

NO_DRIVERS = "/nonexistent"


def path():
    return os.environ["CLAE_TEST_PROGRAM"]


def pocl_vendors():
    """What OCL_ICD_VENDORS says so that pocl is the only platform; None where there is no pocl."""
    chosen = os.environ.get("OCL_ICD_VENDORS")
    folder = pathlib.Path(chosen or "/etc/OpenCL/vendors")
    if folder.is_file():
        return str(folder)
    files = sorted(folder.glob("pocl*.icd")) if folder.is_dir() else []
    return str(files[0]) if files else None


def environment(**changes):
    """The tests' environment, without OpenCL drivers; None takes a variable away."""
    made = dict(os.environ, OCL_ICD_VENDORS=NO_DRIVERS, OMP_WAIT_POLICY="passive")
    made["ASAN_OPTIONS"] = made.get("ASAN_OPTIONS", "") + ":allocator_may_return_null=1"
    for name, value in changes.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = str(value)
    return made


class Outcome:
    """code is negative for a signal; has_drivers: OpenCL drivers were there, which take memory of their own."""

    def __init__(self, code, is_timed_out, stdout, stderr, peak_mib, seconds, has_drivers):
        self.code = code
        self.is_timed_out = is_timed_out
        self.stdout = stdout
        self.stderr = stderr
        self.peak_mib = peak_mib
        self.seconds = seconds
        self.has_drivers = has_drivers
        self.lines = [line for line in stderr.split("\n") if line.strip()]
        self.errors = [line for line in self.lines if is_error(line)]

    def with_stderr(self, text):
        return Outcome(self.code, self.is_timed_out, self.stdout, text, self.peak_mib, self.seconds, self.has_drivers)

    def sanitizer_line(self):
        return next((line for line in self.lines if "Sanitizer" in line or "runtime error:" in line), "")[:300]


def is_error(line):
    """clae's lines begin with its name and the command's; warnings say so."""
    if not line.startswith(("clae ", "clae:")):
        return False
    return not line.partition(": ")[2].startswith("warning: ")


def await_moment(process, wait, timeout):
    """Sleeps for the seconds, or until the function says so or the process ends."""
    if not callable(wait):
        time.sleep(wait)
        return
    end = time.monotonic() + timeout
    while not wait() and time.monotonic() < end and not _has_ended(process):
        time.sleep(0.005)


def _has_ended(process):
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _text(file):
    file.seek(0)
    return file.read().decode("utf-8", "backslashreplace")


def run(words, env=None, timeout=120, before=None, kill_after=None, cwd=None, stdin=subprocess.DEVNULL, stdout=None,
        stderr=None, signals=()):
    """kill_after: seconds until SIGKILL. signals: (what to wait for, signal) one after the
    other, seconds or a function that says whether it is time. before: runs in the
    child. stdout and stderr: a file instead of what the outcome keeps."""

    def prepare():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if before:
            before()

    env = env or environment()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen(words, env=env, cwd=cwd, stdin=stdin, stdout=stdout or out,
                                   stderr=stderr or err, preexec_fn=prepare, start_new_session=True)
        state = {"timed_out": False}

        def kill(is_timeout):
            state["timed_out"] = is_timeout
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

        timer = threading.Timer(timeout if kill_after is None else kill_after, kill, [kill_after is None])
        timer.start()
        for wait, number in signals:
            await_moment(process, wait, timeout)
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                pass
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return Outcome(process.returncode, state["timed_out"], _text(out), _text(err), usage.ru_maxrss / 1024,
                       time.monotonic() - start, env.get("OCL_ICD_VENDORS") != NO_DRIVERS)


def has(tool):
    return shutil.which(tool) is not None


def can_trace():
    """strace is there, and ptrace is allowed."""
    if not has("strace"):
        return False
    traced = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, check=False)
    return traced.returncode == 0
