"""The peers of `benches/backbone.rs`: the same work in ONNX Runtime and PyTorch, float32, two threads.

Prints images a second, the best of several rounds; needs torch, torchvision, onnx and onnxruntime.
"""

import tempfile
import time
import warnings

import numpy as np
import onnxruntime
import torch
import torchvision

IMAGES, SIDE, THREADS, ROUNDS = 8, 224, 2, 5


def best_rate(run):
    run()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return IMAGES / min(seconds)


def main():
    warnings.filterwarnings("ignore")
    torch.set_num_threads(THREADS)
    pixels = torch.from_numpy(np.random.default_rng(1).standard_normal((IMAGES, 3, SIDE, SIDE), dtype=np.float32))
    for name in ["resnet18", "resnet152"]:
        network = torchvision.models.get_model(name, weights=None).eval()
        network.fc = torch.nn.Identity()
        with torch.no_grad():
            print(f"{name} PyTorch      {best_rate(lambda: network(pixels)):7.2f} images/s", flush=True)
            with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
                torch.onnx.export(network, (pixels,), file.name, input_names=["pixels"], dynamo=False)
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = THREADS
                session = onnxruntime.InferenceSession(file.name, options, providers=["CPUExecutionProvider"])
        feed = {"pixels": pixels.numpy()}
        print(f"{name} ONNX Runtime {best_rate(lambda: session.run(None, feed)):7.2f} images/s", flush=True)


main()
