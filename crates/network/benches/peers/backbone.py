"""Times ONNX Runtime and PyTorch against this project's backbone, in turns, on this machine: 224 px.

    python3 crates/network/benches/peers/backbone.py

In float32 against both; with `--precision bf16` against PyTorch, whose autocast is the peer then (ONNX Runtime has no
bfloat16 on the processor). The first run makes a virtual environment of its own under `target/peers` and installs `requirements.txt` there. For
every depth, number of images and number of threads the three do one run each after the other, several times; printed
are the medians in images a second, and the ratios of ours to each peer, the median of the rounds' ratios.
"""

import argparse
import copy
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
SIDE = 224
DEPTHS = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]


def enter_environment():
    """Continues in the virtual environment, which is made where it is absent."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "peers"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-r", HERE / "requirements.txt"], check=True)
        (folder / "complete").touch()
    sys.exit(subprocess.call([python, __file__, *sys.argv[1:]]))


class Ours:
    """The bench of this project, which answers on demand."""

    def __init__(self, threads):
        command = "cargo bench --quiet --profile dev -p silknow-network --bench backbone -- --on-demand".split()
        environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def seconds(self, depth, images, precision):
        self.process.stdin.write(f"{depth} {images} {precision}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peers(depth, pixels, threads, precision, folder):
    """The same network in the peers: name to a function that runs it once."""
    import onnxruntime
    import torch
    import torchvision

    network = torchvision.models.get_model(depth, weights=None).eval()
    network.fc = torch.nn.Identity()
    tensor = torch.from_numpy(pixels).to(memory_format=torch.channels_last)

    def torch_run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            channels_last(tensor)

    channels_last = copy.deepcopy(network).to(memory_format=torch.channels_last)
    if precision == "bf16":
        return {"PyTorch": torch_run}
    path = Path(folder) / f"{depth}_{len(pixels)}.onnx"
    torch.onnx.export(network, (torch.from_numpy(pixels),), path, input_names=["pixels"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return {"ONNX Runtime": lambda: session.run(None, {"pixels": pixels}), "PyTorch": torch_run}


def compare(depth, images, threads, precision, rounds, ours, folder):
    """One line of the table."""
    import numpy as np

    pixels = np.random.default_rng(1).standard_normal((images, 3, SIDE, SIDE), dtype=np.float32)
    runs = {"ours": None, **peers(depth, pixels, threads, precision, folder)}
    times = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            seconds = timed(run) if run else ours.seconds(depth, images, precision)
            # The first run of each warms up; a pause lets the threads of the one before go to sleep.
            if number > 0:
                times[name].append(seconds)
            time.sleep(0.05)
    rates = [images / statistics.median(times[name]) for name in runs]
    ratio = [
        statistics.median(peer / mine for peer, mine in zip(times[name], times["ours"])) for name in list(runs)[1:]
    ]
    cells = [depth, images, threads, *(f"{rate:.2f}" for rate in rates), *(f"{value:.2f}" for value in ratio)]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depths", nargs="+", default=DEPTHS)
    parser.add_argument("--images", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", nargs="+", type=int, default=sorted({1, os.cpu_count()}))
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    enter_environment()

    import tempfile
    import warnings

    import onnxruntime
    import torch

    warnings.filterwarnings("ignore")
    print(f"ONNX Runtime {onnxruntime.__version__}, PyTorch {torch.__version__}; {arguments.precision}, images/s")
    names = ["PyTorch"] if arguments.precision == "bf16" else ["ONNX Runtime", "PyTorch"]
    columns = ["backbone", "images", "threads", "ours", *names, *(f"ours / {name}" for name in names)]
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for threads in arguments.threads:
            torch.set_num_threads(threads)
            ours = Ours(threads)
            for depth in arguments.depths:
                for images in arguments.images:
                    compare(depth, images, threads, arguments.precision, arguments.rounds, ours, folder)
            ours.process.stdin.close()
            ours.process.wait()


main()
