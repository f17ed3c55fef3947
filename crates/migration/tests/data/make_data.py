"""Makes small.h5, small.weights.h5 and the pickles of protocol 2 and 4.

The other files are TensorFlow 2.15's, and those of scikit-learn 1.1.3 with NumPy 1.23.5.
Needs h5py, NumPy, scikit-learn. Weights follow from the names of their tensors.
"""
import io
import pickle
import zipfile

import h5py
import numpy as np
from sklearn.neighbors import KDTree

MASK = (1 << 64) - 1


def values(name, shape, kind):
    """Numbers out of a name: FNV-1a, then SplitMix64; convolutions in the order O, I, H, W."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    order = [shape[3], shape[2], shape[0], shape[1]] if len(shape) == 4 else list(shape)
    count = int(np.prod(shape))
    numbers = np.empty(count, np.float64)
    for i in range(count):
        z = (seed + (i + 1) * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers[i] = ((z ^ (z >> 31)) >> 40) * 2.0**-24
    base = (2 * numbers - 1).astype(np.float32)
    if kind == "kernel":
        amp = np.sqrt(3 / np.prod(shape[:3])) if len(shape) == 4 else np.sqrt(6 / shape[0])
        numbers = base * np.float32(amp)
    elif kind in ("gamma", "moving_variance"):
        numbers = np.float32(1) + base * np.float32(0.25)
    else:
        numbers = base * np.float32(0.1)
    numbers = numbers.reshape(order)
    return numbers.transpose(2, 3, 1, 0) if len(shape) == 4 else numbers


def network():
    """Layers in the order of the network: class, name, tensors with their shapes, name in slim."""
    layers = [("conv2d", "conv1_conv", [("kernel", (3, 3, 3, 4)), ("bias", (4,))], "conv1")]
    width = 4
    for block, unit, out in [(2, 1, 6), (2, 2, 6), (3, 1, 8)]:
        name = f"conv{block}_block{unit}"
        slim = f"block{block - 1}/unit_{unit}/bottleneck_v2"
        norm = lambda n: [(t, (n,)) for t in ("gamma", "beta", "moving_mean", "moving_variance")]
        layers.append(("batch_normalization", f"{name}_preact_bn", norm(width), f"{slim}/preact"))
        layers.append(("conv2d", f"{name}_1_conv", [("kernel", (1, 1, width, 2))], f"{slim}/conv1"))
        layers.append(("batch_normalization", f"{name}_1_bn", norm(2), f"{slim}/conv1/BatchNorm"))
        layers.append(("conv2d", f"{name}_2_conv", [("kernel", (3, 3, 2, 2))], f"{slim}/conv2"))
        layers.append(("batch_normalization", f"{name}_2_bn", norm(2), f"{slim}/conv2/BatchNorm"))
        if width != out:
            tensors = [("kernel", (1, 1, width, out)), ("bias", (out,))]
            layers.append(("conv2d", f"{name}_0_conv", tensors, f"{slim}/shortcut"))
        layers.append(("conv2d", f"{name}_3_conv", [("kernel", (1, 1, 2, out)), ("bias", (out,))], f"{slim}/conv3"))
        width = out
    layers.append(("batch_normalization", "post_bn", [(t, (width,)) for t in ("gamma", "beta", "moving_mean", "moving_variance")], "postnorm"))
    layers.append(("dense", "predictions", [("kernel", (width, 3)), ("bias", (3,))], "logits"))
    return layers


def keras_files():
    names = {"kernel": "weights", "bias": "biases"}
    numbered = io.BytesIO()
    counts = {}
    with h5py.File("small.h5", "w") as old, h5py.File(numbered, "w") as new:
        for kind, layer, tensors, slim in network():
            count = counts.get(kind, 0)
            counts[kind] = count + 1
            group = f"layers/{kind}_{count}" if count else f"layers/{kind}"
            for position, (tensor, shape) in enumerate(tensors):
                data = values(f"resnet_v2_11/{slim}/{names.get(tensor, tensor)}", shape, tensor).astype(np.float32)
                old[f"model_weights/{layer}/{layer}/{tensor}:0"] = data
                new[f"{group}/vars/{position}"] = data
    open("small.weights.h5", "wb").write(numbered.getvalue())


def toolbox_files():
    """The content of kdtree_old_protocol3.npz and of pred_gt_old_protocol3.npz, in other protocols."""
    place = ["ES", "FR", "nan", "IT", "ES", "FR", "IT"]
    technique = ["damask", "velvet", "damask", "nan", "tabby", "damask", "velvet"]
    objects = [0, 0, 1, 1, 2, 2, 3]
    images = [f"samples/data/img/garin__o{o}__{i}.jpg" for i, o in enumerate(objects)]
    numbers = np.random.default_rng(0).normal(size=(7, 4))
    descriptors = (numbers / np.linalg.norm(numbers, axis=1, keepdims=True)).astype(np.float32)
    classes = [np.array(["pl", "ES", "FR", "IT"]), np.array(["technique", "damask", "printed_fabric", "tabby", "velvet"])]
    index = {
        "Tree": KDTree(descriptors.astype(np.float64), leaf_size=2),
        "Labels": [[[p], [t]] for p, t in zip(place, technique)],
        "DictTrain": {i: {"place": [p], "technique": [t]} for i, p, t in zip(images, place, technique)},
        "relevant_variables": ["place", "technique"],
        "label2class_list": classes,
    }
    of_arrays = np.empty(2, object)
    of_arrays[:] = classes
    results = {
        "Groundtruth": np.array([list(pair) for pair in zip(place, technique)]),
        "Predictions": np.array([["ES", "damask"]] * 7),
        "label2class_list": of_arrays,
    }
    descriptors.tofile("kdtree_descriptors.f32")
    for protocol in (2, 4):
        for name, content in [("kdtree", index), ("pred_gt", results)]:
            array = np.empty((), object)
            array[()] = content
            bytes_ = io.BytesIO()
            header = {"descr": "|O", "fortran_order": False, "shape": ()}
            np.lib.format.write_array_header_1_0(bytes_, header)
            pickle.dump(array, bytes_, protocol=protocol)
            with zipfile.ZipFile(f"{name}_protocol{protocol}.npz", "w") as archive:
                archive.writestr(zipfile.ZipInfo("arr_0.npy", (2024, 1, 1, 0, 0, 0)), bytes_.getvalue())


keras_files()
toolbox_files()
