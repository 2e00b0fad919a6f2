"""What compare-peers, bench-networks and bench-scaling share: the networks, clae bench in a process of its own, and tables between the
markers of a document."""
import argparse
import collections
import json
import os
import subprocess
import sys

TOOLS = os.path.dirname(os.path.abspath(__file__))
DOCS = os.path.join(TOOLS, "..", "docs")

# images: channels, height, width. options: clae's, which say what the network is.
Network = collections.namedtuple("Network", "images options batch_sizes", defaults=[[64]])

VGG = ("conv 32 k3 p1, relu, conv 32 k3 p1, relu, max_pool 2, conv 64 k3 p1, relu, conv 64 k3 p1, relu, max_pool 2, "
       "conv 128 k3 p1, relu, conv 128 k3 p1, relu, max_pool 2, linear 64")
FIVES = "conv 32 k5, relu, conv 32 k5, relu, conv 32 k4 s2, relu, conv 32 k3 s2, relu, conv 8 k4"
NETWORKS = {
    "lecture": Network((1, 28, 28), ["--preset", "lecture"], [100, 512, 4096]),
    "conv-32": Network((3, 32, 32), ["--preset", "conv"]),
    "conv-64": Network((3, 64, 64), ["--preset", "conv"]),
    "conv-128": Network((3, 128, 128), ["--preset", "conv"]),
    "resnet-64": Network((3, 64, 64), ["--preset", "resnet"]),
    "mlp-28": Network((1, 28, 28), ["--preset", "mlp"]),
    "vgg-64": Network((3, 64, 64), ["--encoder", VGG]),
    "fives-96": Network((1, 96, 96), ["--encoder", FIVES]),
}

# Of the processor, as --device names them.
DEVICES = {"c": "plain C", "cpu": "OpenCL"}


# ---- measurements, each in a process of its own

def shape_text(network):
    return "x".join(map(str, network.images))


def output(args, command, what):
    """The JSON object that a command prints, with the largest resident size of its process; None when it fails."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(args.threads), POCL_MAX_PTHREAD_COUNT=str(args.threads))
    usage = "import resource, sys; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    run = "import subprocess, sys; code = subprocess.call(sys.argv[1:]); %s; sys.exit(code)" % usage
    try:
        done = subprocess.run([sys.executable, "-c", run] + command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=600, env=environment, check=False)
        lines = done.stderr.strip().splitlines()
        if done.returncode == 0:
            return dict(json.loads(done.stdout[done.stdout.index("{"):]), resident_bytes=1024 * int(lines[-1]))
        reason = (lines[:-1] or ["exit status %d" % done.returncode])[-1]
    except (subprocess.TimeoutExpired, ValueError) as error:
        reason = str(error)
    print("%s failed: %s" % (what, reason), file=sys.stderr)
    return None


def clae_bench(args, variant, network, batch_size, rounds=3):
    """variant: a device, and after commas tf32."""
    device, *options = variant.split(",")
    precision = ["--precision", "tf32"] if "tf32" in options else []
    return output(args, [args.clae, "bench", "--device", device, "--batch-size", str(batch_size), "--rounds", str(rounds),
                         "--threads", str(args.threads), "--json", "--image-size", shape_text(network)] + network.options + precision,
                  "clae on %s" % variant)


def undisturbed(results):
    """Of the runs of clae bench in a dictionary of lists those in which fused multiply-adds were not more than a tenth below the peak:
    otherwise something else was running. Lists of which none is left stay as they are."""
    least = 0.9 * peak_of(results)
    return {key: [run for run in runs if run["peak_gflops"] >= least] or runs for key, runs in results.items()}


def peak_of(results):
    """GFLOP/s of fused multiply-adds, the most in any run."""
    return max(run["peak_gflops"] for runs in results.values() for run in runs)


def is_product(op):
    """Whether an op of clae bench is bound by multiply-adds, not by what it reads and writes."""
    return op["op"].startswith("conv") or op["op"] == "gemm"


def op_flops(op):
    return op["gflops"] * op["ms"] * 1e6


# ---- command lines and documents

def names(text):
    return list(NETWORKS) if text == "all" else text.split(",")


def argument_parser(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clae", default=os.path.join(TOOLS, "..", "build", "src", "cli", "clae"), help="the program")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of the processor; default: all cores")
    return parser


def parse(parser):
    """What the command line says, if the program is there and so are the networks."""
    args = parser.parse_args()
    if not os.access(args.clae, os.X_OK):
        sys.exit("%s is not there; build it, or name it by --clae" % args.clae)
    for given, known, what in (("model", NETWORKS, "network"), ("devices", DEVICES, "device")):
        for name in getattr(args, given, []):
            if name not in known:
                sys.exit("there is no %s %s; there are %s" % (what, name, ", ".join(known)))
    return args


def split_document(path, what):
    """The text of a document before and after what stands between the markers of that name."""
    begin, end = "<!-- %s: begin -->\n" % what, "<!-- %s: end -->\n" % what
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if begin not in text or end not in text:
        sys.exit("%s has no place for the table: no markers of %s" % (path, what))
    before, rest = text.split(begin, 1)
    return before + begin, end + rest.split(end, 1)[1]


def write_document(path, what, lines):
    """Puts lines between the markers of a document as it is now, which may have changed since the measurement began."""
    parts = split_document(path, what)
    with open(path, "w", encoding="utf-8") as file:
        file.write(parts[0] + "\n".join(lines) + "\n" + parts[1])
