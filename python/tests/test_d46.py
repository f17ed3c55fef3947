"""The operations under the names of D4.6: sets of labels, rules, models and indices that are loaded once."""

import csv
import inspect
import pathlib

import numpy as np
import pytest

import silknow_image_retrieval as sir
from conftest import MUSEUMS, SMALL_TRAINING, striped
from silknow_image_retrieval import d46

TRAINING = """add_fc num_fine_tune_layers batch_size rules_batch_fraction how_many_training_steps learning_rate
validation_percentage how_often_validation loss_ind"""
RULES = "master_file_rules_name master_file_similar master_file_dissimilar"
WEIGHTS = "loss_weight_semantic loss_weight_rules loss_weight_colour loss_weight_augment"
VARIABLES = "variable_weights relevant_variables"
AUGMENTATION = "random_crop random_rotation90 gaussian_noise flip_left_right flip_up_down"
RETRIEVAL = "master_file_retrieval master_dir_retrieval"

# As D4.6 has them.
DOCUMENTED = {
    "create_dataset_parameter": "csvfile imgsavepath master_file_dir masterfileRules minnumsamples retaincollections "
    "num_labeled flagRuleDataset multi_label_variables",
    "train_model_parameter": f"master_file_name master_file_dir {RULES} log_dir model_dir {TRAINING} {WEIGHTS} "
    f"{VARIABLES} {AUGMENTATION} multi_label_variables",
    "build_kDTree_parameter": "model_dir master_file_tree master_dir_tree tree_dir relevant_variables "
    "multi_label_variables",
    "preload_cnn_model": "model_dir",
    "preload_kd_tree": "tree_dir",
    "get_kNN_from_preloaded_cnn_and_tree": "tree labels_tree data_dict_train relevant_variables label2class_list "
    f"{RETRIEVAL} model pred_gt_dir num_neighbors bool_labeled_input multi_label_variables",
    "get_kNN_from_preloaded_cnn": f"tree_dir {RETRIEVAL} model pred_gt_dir num_neighbors bool_labeled_input "
    "multi_label_variables",
    "get_kNN_parameter": f"tree_dir {RETRIEVAL} model_dir pred_gt_dir num_neighbors bool_labeled_input "
    "multi_label_variables",
    "evaluate_model_parameter": "pred_gt_dir eval_result_dir multi_label_variables",
    "cross_validation_parameter": f"master_file_name master_file_dir {RULES} log_dir model_dir tree_dir pred_gt_dir "
    f"eval_result_dir {TRAINING} num_neighbors {VARIABLES} {WEIGHTS} multi_label_variables {AUGMENTATION}",
}

SMALL = {
    "add_fc": [16, 8],
    "batch_size": 20,
    "how_many_training_steps": 4,
    "how_often_validation": 2,
    "loss_ind": "soft_triplet_incomp_loss",
    "relevant_variables": ["place", "material"],
    **{name: SMALL_TRAINING[name] for name in [*AUGMENTATION.split(), "backbone", "weights", "input_size", "device"]},
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_parameters_are_those_of_d46_in_their_order(name):
    function = getattr(d46, name)
    parameters = inspect.signature(function).parameters.values()
    assert [each.name for each in parameters if each.kind is not each.VAR_KEYWORD] == DOCUMENTED[name].split()
    assert function.__doc__


def test_the_defaults_are_those_of_d46():
    def defaults(function):
        return {name: each.default for name, each in inspect.signature(function).parameters.items()}

    creating = defaults(d46.create_dataset_parameter)
    assert (creating["minnumsamples"], creating["num_labeled"], creating["flagRuleDataset"]) == (150, 1, True)
    assert len(creating["retaincollections"]) == 16 and creating["multi_label_variables"] == ["material"]
    training = defaults(d46.train_model_parameter)
    assert training["loss_ind"] == "combined_similarity_loss" and training["rules_batch_fraction"] == 0.5
    assert training["variable_weights"] == [0.3, 0.25, 0.2, 0.15, 0.1]
    assert training["relevant_variables"] == ["depiction", "material", "place", "technique", "timespan"]
    retrieval = defaults(d46.get_kNN_parameter)
    assert (retrieval["num_neighbors"], retrieval["bool_labeled_input"]) == (10, False)


def given(**changed):
    """The arguments of a training as D4.6 has them, with a few others."""
    parameters = inspect.signature(d46.train_model_parameter).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    folders = {"master_file_dir": "samples", "master_file_similar": "s.txt", "master_file_dissimilar": None}
    return {**defaults, **folders, **changed}


def test_weights_are_named_and_rules_count_where_they_are_given():
    values = d46._of_training(given())
    assert values["loss_weights"] == "semantic=0.25, rules=0.25, colour=0.25, self_similarity=0.25"
    assert values["variable_weights"] == "depiction=0.3, material=0.25, place=0.2, technique=0.15, timespan=0.1"
    assert (values["similar_rules"], values["rule_share"]) == (pathlib.Path("samples/s.txt"), 0.5)
    assert "dissimilar_rules" not in values and values["hub_num_retrain"] == 0 and values["train_batch_size"] == 150
    values = d46._of_training(given(master_file_similar=None))
    assert values["loss_weights"] == "semantic=0.25, colour=0.25, self_similarity=0.25"
    assert "rule_share" not in values
    values = d46._of_training(given(loss_ind="soft_triplet_loss"))
    assert values.keys().isdisjoint({"loss_weights", "variable_weights", "similar_rules", "rule_share"})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which a dataset with sets of materials and a list of objects was made, trained with and indexed."""
    folder = tmp_path_factory.mktemp("d46")
    random = np.random.default_rng(5)
    header = "obj museum deeplink place_country_code time_label technique_group material_group depict_group"
    materials = ["['x/silk', 'x/gold']", "['x/silk']", "['x/linen', 'x/silk']", "[]"]
    with open(folder / "export.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*header.split(), "category_group"])
        for number in range(28):
            place = ["ES", "FR"][number % 2]
            striped(place, "damask", random).save(folder / f"{number}.png")
            group = "paintings" if number == 27 else "fabrics"
            # The last fabrics have no label.
            place, material = (str([place]), materials[number % 4]) if number < 24 else ("[]", "[]")
            address = f"http://data.silknow.org/object/{number}"
            museum = f"http://data.silknow.org/museum/{MUSEUMS[0]}"
            rows.writerow([address, museum, [f"{number}.png"], place, [], [], material, [], [f"x/{group}"]])
    samples = folder / "samples"
    samples.mkdir()
    (samples / "rules.txt").write_text("one.txt\n")
    (samples / "one.txt").write_text("http://data.silknow.org/object/1\nhttp://data.silknow.org/object/25\n")
    d46.create_dataset_parameter(
        folder / "export.csv", folder / "data", samples, "rules.txt", minnumsamples=2,
        multi_label_variables=["material_group"], configuration_dir=folder,
    )
    d46.train_model_parameter(
        "master_file_labelled_train.txt", samples, "master_file_rules_train.txt", None, None,
        folder / "logs", folder / "model", **SMALL,
    )
    d46.build_kDTree_parameter(
        folder / "model", "master_file_tree.txt", samples, folder / "tree", ["place", "material"], device="cpu"
    )
    return folder


def images(folder, master_file):
    """The numbers of the images in the collections that a master file lists, and the cells of their materials."""
    found = {}
    for name in (folder / master_file).read_text().split():
        header, *rows = [line.rstrip("\t").split("\t") for line in (folder / name).read_text().splitlines()]
        for row in rows:
            found[int(row[0].split("__")[1])] = row[header.index("#material")]
    return found


def test_sets_rules_and_fabrics_are_in_the_collections(made):
    labelled = images(made / "samples", "master_file_labelled.txt")
    assert sorted(labelled) == list(range(24))
    assert [labelled[number] for number in range(4)] == ["gold___silk", "silk", "linen___silk", "nan"]
    # An object of the list that has labels is where the others are, and one without labels is kept.
    assert images(made / "samples", "master_file_rules.txt") == {25: "nan"}
    everything = {**images(made / "samples", "master_file_tree.txt"), **images(made / "samples", "master_file_retrieval.txt")}
    assert sorted(everything) == [*range(24), 25]
    joined = (made / "samples" / "master_file_labelled_train_and_master_file_rules_train.txt").read_text().split()
    assert joined == [f"collection{kind}_{number}.txt" for kind in ("", "_rules") for number in range(1, 5)]


def test_preloaded_models_and_trees_give_the_same_neighbours(made, tmp_path, monkeypatch):
    arguments = {"master_file_retrieval": "master_file_retrieval.txt", "master_dir_retrieval": made / "samples"}
    further = {"num_neighbors": 3, "bool_labeled_input": True}
    results = [made / "results" / name for name in ("loaded", "model", "both")]
    d46.get_kNN_parameter(
        made / "tree", *arguments.values(), made / "model", results[0], *further.values(), device="cpu"
    )
    monkeypatch.chdir(made)
    model, tree = d46.preload_cnn_model("model", device="cpu"), d46.preload_kd_tree("tree")
    assert isinstance(model, sir.Model) and isinstance(tree.tree, sir.Index)
    assert tree.labels_tree.shape == (len(tree.tree), 2) and list(tree.relevant_variables) == ["place", "material"]
    assert [list(row[row != ""]) for row in tree.label2class_list][1] == ["material", "gold", "linen", "silk"]
    monkeypatch.chdir(tmp_path)
    d46.get_kNN_from_preloaded_cnn(made / "tree", **arguments, model=model, pred_gt_dir=results[1], **further)
    d46.get_kNN_from_preloaded_cnn_and_tree(*tree, **arguments, model=model, pred_gt_dir=results[2], **further)
    for name in ("knn_list.txt", "kNN_LUT.csv", "pred_gt.npz"):
        first, *others = [(folder / name).read_bytes() for folder in results]
        assert first and all(other == first for other in others), name
    assert "gold___silk" in (results[0] / "knn_list.txt").read_text()
    d46.evaluate_model_parameter(results[2], tmp_path / "evaluation")
    assert (tmp_path / "evaluation" / "material_evaluation_results.txt").exists()
    other = sir.Model.pretrained(backbone="resnet18", weights="builtin", input_size=64, device="cpu")
    with pytest.raises(sir.SilknowError):
        d46.get_kNN_from_preloaded_cnn_and_tree(*tree, **arguments, model=other, pred_gt_dir=tmp_path / "none")


def test_all_objects_are_kept_where_no_groups_are_asked_for(made, tmp_path):
    d46.create_dataset_parameter(
        made / "export.csv", made / "data", tmp_path / "samples", minnumsamples=2, num_labeled=0, category_group=None,
        configuration_dir=tmp_path, multi_label_variables=None,
    )
    kept = images(tmp_path / "samples", "master_file_labelled.txt")
    assert sorted(kept) == list(range(28)) and kept[0] == "nan" and kept[1] == "silk"
    assert not (tmp_path / "samples" / "master_file_rules.txt").exists()
