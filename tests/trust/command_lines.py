"""Command lines made at random of commands, options and odd values: no crash, no hang, a documented exit code, a message."""
import program

COMMANDS = ("devices train import eval reconstruct interpolate sample encode decode describe lecture spiral compare selftest bench tune help "
            "--version --help nonsense").split()
OPTIONS = ("--data --out --epochs --batch-size --lr --latent-dim --channels --seed --limit-train --steps --resume --init --no-shuffle "
           "--log-steps --device --threads --impl --kernels --no-fusion --no-winograd --precision --no-tuning --memory-limit --verbose "
           "-v --quiet -q --help -h -- - --json --grid --codes --devices --op-steps --x --datq --= = --device= --threads=1 -vq "
           "--split --mean --std --size --fit --gray --channels-in --background --test-share --labels --cache --skip-bad").split()
VALUES = ["", "0", "1", "-1", "18446744073709551615", "18446744073709551616", "1e3", "1e-400", "nan", "inf", "-inf", "0x10", "1_000", " 1",
          "1 ", "9" * 400, "c", "c:avx2", "c:evil", "opencl", "0:0", "99:99", "4294967296:0", "0.0", "c:", "auto", "\x1b[31m", "%s%n", "é",
          "\udcff", "a" * 5000, "/nonexistent", "/dev/null", ".", "model", "2x3", "0x0", "99999999x99999999", "1x", "x", "-1x2",
          "conv2d_fwd=plain", "=", "a=b=c", "tf32", "fp64", "mnist", "fashion-mnist", "../../nonexistent"]
LENGTHY = ("bench", "tune", "lecture", "spiral", "selftest", "compare")
MOST_SECONDS = 8


def words(random):
    made = [random.choice(COMMANDS)]
    for _ in range(random.randrange(6)):
        made.append(random.choice(OPTIONS if random.random() < 0.55 else VALUES))
    if made[0] in LENGTHY and random.random() < 0.9:
        made.append("--no-such-option")
    return made


def run(check):
    check.train(check.path("model"))
    env = program.environment(XDG_CACHE_HOME=check.path("cache"), HOME=check.folder, CLAE_DATA_DIR=check.data)
    work = check.path("work")
    work.mkdir()
    check.path("model").rename(work / "model")
    for _ in range(check.times(250, 4000)):
        line = words(check.random)
        outcome = check.clae(*line, env=env, cwd=work, timeout=MOST_SECONDS)
        check.tried("command lines")
        label = " ".join(word[:30] for word in line)
        if outcome.is_timed_out and line[0] in (*LENGTHY, "train"):
            continue  # it was a good command, and works
        if outcome.code == 2 and any("Usage" in text or "usage" in text for text in outcome.lines):
            continue
        check.judge(outcome, label)
