"""Sets of labels and votes from an export to figures, which are those of scikit-learn."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score, jaccard_score, precision_score, recall_score

import silknow_image_retrieval as sir
from conftest import MUSEUMS, SMALL_DATASET

MATERIALS = {"gold": 0, "silk": 1, "wool": 2}
FACET = "http://data.silknow.org/vocabulary/facet/"

# A head with a classifier, chosen by the vote: the recipe in small.
TRAINING = {
    "recipe": "best",
    "relevant_variables": ["material", "place"],
    "add_fc": [16],
    "train_batch_size": 30,
    "how_many_training_steps": 12,
    "how_often_validation": 6,
    "input_size": 64,
    "seed": 5,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """A folder with a dataset whose materials are sets, and a cross-validation on it."""
    folder = tmp_path_factory.mktemp("sets")
    random = np.random.default_rng(8)
    header = ["", "obj", "museum", "deeplink", "place_country_code", "time_label", "technique_group", "material_group"]
    with open(folder / "export.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*header, "depict_group"])
        for number in range(90):
            materials = [name for name in MATERIALS if random.random() < 0.5]
            # A material is a channel with stripes, and at times it is not seen.
            stripes = (np.arange(64) // 8 % 2)[None, :, None] * np.ones((64, 1, 3))
            seen = [name in materials and random.random() < 0.8 for name in MATERIALS]
            picture = 30 + 180 * stripes * np.array(seen) + random.integers(0, 40, size=(64, 64, 3))
            Image.fromarray(picture.astype(np.uint8)).save(folder / f"{number}.png")
            museum = f"http://data.silknow.org/museum/{MUSEUMS[number % 2]}"
            labels = str([FACET + name for name in materials])
            address = f"http://data.silknow.org/object/{number}"
            place = str([["ES", "FR"][number % 2]])
            rows.writerow([number, address, museum, [f"{number}.png"], place, [], [], labels, []])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sir.create_dataset_parameter("export.csv", **SMALL_DATASET, multi_label_variables=["material"])
        for vote in ("majority", "mean"):
            sir.crossvalidation_parameter("masterfile.txt", "samples", vote, **TRAINING, vote=vote)
    return folder


def sets(arrays, name, variable, classes):
    """The labels of a variable, one row a sample and one column a class."""
    matrix = np.zeros((len(arrays[name]), classes), dtype=int)
    for sample, lowest in enumerate(arrays[name][:, variable]):
        if lowest >= 0:
            matrix[sample, lowest] = 1
    if f"{name}_sets" in arrays:
        for sample, of, label in arrays[f"{name}_sets"]:
            if of == variable:
                matrix[sample, label] = 1
    return matrix


@pytest.mark.parametrize("vote", ["majority", "mean"])
def test_the_figures_of_sets_are_those_of_scikit_learn(folds, vote):
    with np.load(folds / vote / "cv0/pred_gt.npz") as file:
        arrays = dict(file)
    assert json.loads(str(arrays["meta"]))["format_version"] == 2 and "Groundtruth_sets" in arrays
    names = arrays["label2class_list"]
    assert [name.lstrip("#") for name in names[:, 0]] == ["material", "place"]
    truth = sets(arrays, "Groundtruth", 0, len(MATERIALS))
    predicted = sets(arrays, "Predictions", 0, len(MATERIALS))
    known = truth.any(axis=1) & predicted.any(axis=1)
    truth, predicted = truth[known], predicted[known]
    occur = np.flatnonzero(truth.any(axis=0) | predicted.any(axis=0))
    material, place = json.loads((folds / vote / "cv0/evaluation_details.json").read_text())["variables"]
    figures = material["sets"]
    assert place["sets"] is None and figures["evaluated"] == known.sum() > 10
    assert (truth.sum(axis=1) > 1).any() and (predicted.sum(axis=1) > 1).any()
    of_classes = {"labels": occur, "zero_division": 0}
    expected = {
        "exact_match": accuracy_score(truth, predicted),
        "micro_precision": precision_score(truth, predicted, average="micro", **of_classes),
        "micro_recall": recall_score(truth, predicted, average="micro", **of_classes),
        "micro_f1": f1_score(truth, predicted, average="micro", **of_classes),
        "macro_f1": f1_score(truth, predicted, average="macro", **of_classes),
        "jaccard": jaccard_score(truth, predicted, average="samples", zero_division=0),
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected)


def test_the_classifier_tells_every_class_of_a_set_by_itself(folds):
    with np.load(folds / "mean/cv0/pred_gt.npz") as file:
        places, shares = file["class_shares_of"], file["class_shares"]
        samples = len(file["names"])
    totals = np.zeros((samples, 2))
    np.add.at(totals, (places[:, 0], places[:, 1]), shares)
    # Shares of places, one a sample, add up to 1; those of materials need not.
    assert np.allclose(totals[:, 1], 1, atol=1e-4)
    assert np.abs(totals[:, 0] - 1).max() > 0.1 and shares.min() >= 0 and shares.max() <= 1


def test_two_runs_are_compared_as_on_the_command_line(folds, silknow):
    compared = sir.compare(folds / "majority", str(folds / "mean"))
    assert [variable["variable"] for variable in compared["variables"]] == ["material", "place"]
    assert compared["images_common"] == compared["images_a"] == compared["images_b"]
    said = json.loads(silknow(folds, "compare", folds / "majority", folds / "mean", "--json"))
    assert said["means"] == compared["means"] and said["variables"] == compared["variables"]
    with pytest.raises(sir.DataError, match="pred_gt.npz"):
        sir.compare(folds / "samples", folds / "mean")


def test_weights_are_given_as_dictionaries(folds, monkeypatch):
    monkeypatch.chdir(folds)
    training = {**TRAINING, "how_many_training_steps": 2, "how_often_validation": 1, "train_on_all": False}
    weights = {"loss_weights": {"semantic": 0.4, "classification": 1}, "variable_weights": {"material": 2}}
    sir.train_model_parameter("masterfile.txt", "samples", "dictionaries", **{**training, **weights})
    text = (folds / "dictionaries/model.json").read_text()
    written = json.loads(text)["training"]["objective"]
    assert "semantic" in str(written["loss_weights"]) and "0.4" in str(written["loss_weights"])
    assert "material" in str(written["variable_weights"])
    assert sir.Model.load("dictionaries", device="cpu").vote_temperature > 0
    for wrong, message in [({"semantic": None}, "type NoneType"), ({"a=b": 1}, "no `=`"), ({"none_such": 1}, "none_such")]:
        with pytest.raises(sir.ConfigurationError, match=message):
            sir.train_model_parameter("masterfile.txt", "samples", "wrong", **{**training, "loss_weights": wrong})
