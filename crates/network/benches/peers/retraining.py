"""Times PyTorch's step through the last blocks of ResNet-18: the peer of the bench `retraining`, on the same shapes.

    target/peers/bin/python crates/network/benches/peers/retraining.py

Needs the virtual environment that `backbone.py` makes. Channels last, float32, BatchNorm fixed, all threads; printed is the
median of seven steps: pooled values and the gradients of all kernels, without loss and optimiser.
"""

import statistics
import time

import torch
import torchvision

BLOCKS = {1: (512, 7), 2: (256, 14), 4: (128, 28)}

for retrained, (channels, side) in BLOCKS.items():
    network = torchvision.models.resnet18()
    blocks = torch.nn.Sequential(*[*network.layer3, *network.layer4][-retrained:]).to(memory_format=torch.channels_last)
    for module in blocks.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval().requires_grad_(False)
    for images in (50, 150):
        maps = torch.rand(images, channels, side, side).to(memory_format=torch.channels_last)
        seconds = []
        for _ in range(7):
            start = time.perf_counter()
            blocks(maps).mean((2, 3)).sum().backward()
            seconds.append(time.perf_counter() - start)
            for parameter in blocks.parameters():
                parameter.grad = None
        print(f"last {retrained} blocks, {images} images: {statistics.median(seconds):.3f} s")
