"""Makes the reference data of this folder with PyTorch and torchvision. Not needed to run the tests.

pooled.npz   the values after torchvision's global average pool (float32) for weights and an input that both
             sides make from the same counter-based generator, one array per architecture and input size
strided.pth  a checkpoint as training scripts write it (`state_dict`, `module.`, classifier, counters) of a
             resnet18 whose tensors are overlapping views of one short storage, so that the file is small
"""

import collections
import pathlib

import numpy as np
import torch
import torchvision

FOLDER = pathlib.Path(__file__).parent
CASES = [
    ("resnet18", 224),
    ("resnet18", 129),
    ("resnet34", 224),
    ("resnet50", 224),
    ("resnet50", 97),
    ("resnet101", 224),
    ("resnet152", 224),
]


def uniform(name, count):
    """`count` numbers in [0, 1): FNV-1a of the name is the key, SplitMix64 of key and counter the bits."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        state = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return (state >> np.uint64(40)).astype(np.float64) / 2**24


def spread(name, shape, centre, half_width):
    values = centre + half_width * (2 * uniform(name, int(np.prod(shape))) - 1)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(network):
    """Kernels after He; batch normalisation with statistics that are not trivial, the last of a block at a
    quarter, so that the sums over many blocks stay small."""
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            fan_in = module.weight[0].numel()
            module.weight.data = spread(name + ".weight", tuple(module.weight.shape), 0.0, np.sqrt(6 / fan_in))
        if isinstance(module, torch.nn.BatchNorm2d):
            count = (module.num_features,)
            last = "bn3" if hasattr(network.layer1[0], "bn3") else "bn2"
            gain = 0.25 if name.startswith("layer") and name.endswith(last) else 1.0
            module.weight.data = spread(name + ".weight", count, gain, gain / 2)
            module.bias.data = spread(name + ".bias", count, 0.0, 0.2)
            module.running_mean.data = spread(name + ".running_mean", count, 0.0, 0.2)
            module.running_var.data = spread(name + ".running_var", count, 1.0, 0.5)


def make_pooled():
    arrays = {}
    for name, side in CASES:
        network = torchvision.models.get_model(name, weights=None).eval()
        fill(network)
        network.fc = torch.nn.Identity()
        with torch.no_grad():
            pooled = network(spread("input", (1, 3, side, side), 0.0, 2.0))[0]
        print(name, side, "mean", pooled.mean().item(), "largest", pooled.max().item())
        arrays[f"{name}_{side}"] = pooled.numpy()
    np.savez(FOLDER / "pooled.npz", **arrays)


def make_strided():
    storage = spread("storage", (4096,), 1.0, 1.0)  # not negative, as some are variances
    state = collections.OrderedDict()
    for position, (name, tensor) in enumerate(torchvision.models.resnet18(weights=None).state_dict().items()):
        if name.endswith("num_batches_tracked"):
            state["module." + name] = torch.tensor(7)
        else:
            # Element (i, j, ...) is storage[position + i + j + ...].
            state["module." + name] = storage.as_strided(tensor.shape, [1] * tensor.dim(), position)
    torch.save({"epoch": 3, "state_dict": state}, FOLDER / "strided.pth")


torch.set_num_threads(2)
make_pooled()
make_strided()
