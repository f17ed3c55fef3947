"""What the tests share: the command line's program and a small collection of striped pictures."""

import csv
import os
import pathlib
import subprocess

import numpy as np
import pytest
from PIL import Image

import silknow_image_retrieval as sir

MUSEUMS = ["garin", "mad"]
PLACES = {"ES": (200, 40, 40), "FR": (40, 60, 200)}
TECHNIQUES = {"damask": 6, "velvet": 17}

# Small enough for every run: a backbone that is built in, few steps, one view an image.
SMALL_TRAINING = {
    "add_fc": [16, 8],
    "train_batch_size": 20,
    "how_many_training_steps": 6,
    "how_often_validation": 3,
    "learning_rate": 1e-3,
    "loss_ind": "soft_triplet_incomp_loss",
    "relevant_variables": ["place", "technique"],
    "random_crop": [1, 1],
    "random_rotation90": False,
    "gaussian_noise": 0,
    "flip_left_right": False,
    "flip_up_down": False,
    "backbone": "resnet18",
    "weights": "builtin",
    "input_size": 64,
    "seed": 7,
    "device": "cpu",
}
SMALL_DATASET = {"imgsavepath": "./samples/data/", "minnumsamples": 3, "retaincollections": MUSEUMS, "num_labeled": 1}


@pytest.fixture(scope="session")
def program():
    """The program of the same workspace, built before the tests run."""
    path = pathlib.Path(os.environ.get("SILKNOW_PROGRAM", "target/debug/silknow")).absolute()
    assert path.exists(), f"{path} is missing: run `cargo build`, or name the program in SILKNOW_PROGRAM"
    return path


@pytest.fixture(scope="session")
def silknow(program):
    """Runs a verb of the program in a folder."""

    def run(folder, *arguments):
        arguments = [str(argument) for argument in arguments]
        done = subprocess.run([program, "--quiet", *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def collection(tmp_path_factory):
    """A folder with `export.csv` and pictures: 30 objects with two pictures each, whose labels show in them."""
    folder = tmp_path_factory.mktemp("collection")
    random = np.random.default_rng(3)
    header = ["", "obj", "museum", "deeplink", "place_country_code", "time_label", "technique_group", "material_group"]
    with open(folder / "export.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*header, "depict_group"])
        for number in range(30):
            place, technique = list(PLACES)[number % 2], list(TECHNIQUES)[number // 2 % 2]
            pictures = []
            for view in "ab":
                name = f"{number}{view}.png"
                striped(place, technique, random).save(folder / name)
                pictures.append(name)
            known = str([place]) if number % 7 else "[]"
            group = str([f"http://data.silknow.org/vocabulary/facet/{technique}"])
            museum = f"http://data.silknow.org/museum/{MUSEUMS[number % 3 % 2]}"
            object_uri = f"http://data.silknow.org/object/{number}"
            rows.writerow([number, object_uri, museum, pictures, known, [], group, [], []])
    return folder


def striped(place, technique, random):
    """A picture of 80 x 60 pixels: the place is its colour, the technique the width of its stripes."""
    width = TECHNIQUES[technique]
    stripes = (np.arange(80)[None, :, None] // width % 2) * np.array(PLACES[place])
    noise = random.integers(0, 50, size=(60, 80, 3))
    return Image.fromarray((stripes + noise).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def trained(collection, tmp_path_factory):
    """A working directory in which all operations but cross-validation have run."""
    folder = tmp_path_factory.mktemp("trained")
    before = os.getcwd()
    os.chdir(folder)
    try:
        sir.create_dataset_parameter(collection / "export.csv", **SMALL_DATASET)
        sir.train_model_configfile("Configuration_train_model.txt", **SMALL_TRAINING)
        sir.build_kDTree_configfile("Configuration_build_kDTree.txt", device="cpu")
        sir.get_kNN_configfile("Configuration_get_kNN.txt", device="cpu")
        sir.evaluate_model_configfile("Configuration_evaluate_model.txt")
    finally:
        os.chdir(before)
    return folder
