"""The operations under the names of D4.6, the successor of the toolbox whose names the package has otherwise.

A script written for D4.6 runs with ``import silknow_image_retrieval.d46 as sir``. The functions are those of
:mod:`silknow_image_retrieval` with the parameters that D4.6 gives them: names, order and defaults. What each parameter
may be is said there. Further parameters of the functions there can be given by keyword.

What differs from D4.6:

- A model and the logs of its training stand in one folder, ``model_dir``; ``log_dir`` has no effect in
  :func:`train_model_parameter`.
- Files say themselves which labels are sets of classes, so ``multi_label_variables`` decides in
  :func:`create_dataset_parameter` alone. Elsewhere it may be given and has no effect.
- :func:`preload_kd_tree` gives an :class:`~silknow_image_retrieval.Index` in the place of a tree; its arrays are those of
  ``kdtree.npz``, with labels as numbers.
- The files of results are those of :mod:`silknow_image_retrieval`.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from . import _native, silk_retrieval_functions as _functions

_MUSEUMS = (
    "cer garin imatex joconde mad met mfa mobilier mtmad paris-musees risd smithsonian unipa vam venezia versailles"
).split()
_VARIABLES = ["depiction", "material", "place", "technique", "timespan"]
_VARIABLE_WEIGHTS = [0.3, 0.25, 0.2, 0.15, 0.1]
_MULTI_LABEL_VARIABLES = ["material"]

# The columns of an export by which D4.6 calls the variables too.
_COLUMNS = {
    "place_country_code": "place",
    "time_label": "timespan",
    "material_group": "material",
    "technique_group": "technique",
    "depict_group": "depiction",
}

# The losses that a combined loss adds, by the parameters of their weights.
_WEIGHED_LOSSES = {
    "loss_weight_semantic": "semantic",
    "loss_weight_rules": "rules",
    "loss_weight_colour": "colour",
    "loss_weight_augment": "self_similarity",
}

# The master files that D4.6's scripts name: which collections they list, and which collections of rules.
_MASTER_FILES = {
    "master_file_labelled.txt": ("12345", ""),
    "master_file_labelled_train.txt": ("1234", ""),
    "master_file_rules.txt": ("", "12345"),
    "master_file_rules_train.txt": ("", "1234"),
    "master_file_tree.txt": ("1234", "1234"),
    "master_file_retrieval.txt": ("5", "5"),
}

_COMBINED = "combined_similarity_loss"


class PreloadedTree(NamedTuple):
    """What :func:`preload_kd_tree` gives: the arguments with which :func:`get_kNN_from_preloaded_cnn_and_tree` begins."""

    tree: _native.Index
    labels_tree: Any
    data_dict_train: Any
    relevant_variables: Any
    label2class_list: Any


def create_dataset_parameter(
    csvfile: Any,
    imgsavepath: Any,
    master_file_dir: Any,
    masterfileRules: Any = None,
    minnumsamples: int = 150,
    retaincollections: Sequence[str] = _MUSEUMS,
    num_labeled: int = 1,
    flagRuleDataset: bool = True,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Creates a dataset of an export, with sets of labels and with the objects of rules.

    Writes ``collection_1.txt`` to ``collection_5.txt``, for the objects of the rules that have too few labels
    ``collection_rules_1.txt`` to ``collection_rules_5.txt``, and the master files that D4.6's scripts name
    (``master_file_labelled.txt``, ``master_file_labelled_train.txt``, ``master_file_rules.txt``,
    ``master_file_rules_train.txt``, ``master_file_tree.txt``, ``master_file_retrieval.txt``) into ``master_file_dir``.

    Where the export has the column ``category_group``, its fabrics alone are kept; ``category_group`` names other groups,
    and ``category_group=None`` keeps all objects.

    Parameters
    ----------
    csvfile, imgsavepath, minnumsamples, retaincollections, num_labeled
        As for :func:`silknow_image_retrieval.create_dataset_parameter`.
    master_file_dir : str or os.PathLike
        Folder of the collections and master files.
    masterfileRules : str, optional
        A file in ``master_file_dir`` that names further files in it, each with the address of an object a line.
    flagRuleDataset : bool
        Whether the objects in these files are kept whatever is known of them.
    multi_label_variables : list of str, optional
        Variables of which an object may have several classes at once, also by their columns (``"material_group"``).
    """
    multi = [_COLUMNS.get(name, name) for name in multi_label_variables or []]
    values: Dict[str, Any] = {
        "csvfile": csvfile,
        "imgsavepath": imgsavepath,
        "master_dir": master_file_dir,
        "minnumsamples": minnumsamples,
        "retaincollections": list(retaincollections),
        "num_labeled": num_labeled,
        "multi_label_variables": multi or None,
    }
    if flagRuleDataset and masterfileRules is not None:
        values["rule_objects"] = Path(master_file_dir, masterfileRules)
    if "category_group" not in parameters and _has_column(csvfile, "category_group"):
        values["category_group"] = ["fabrics"]
    print(_native.run_operation("create_dataset", {**values, **parameters}))
    for name, (collections, rules) in _MASTER_FILES.items():
        lists = [f"collection_rules_{number}.txt" for number in (rules if "rule_objects" in values else "")]
        lists += [f"collection_{number}.txt" for number in collections]
        if lists:
            _write(Path(master_file_dir, name), lists)


def train_model_parameter(
    master_file_name: Any,
    master_file_dir: Any,
    master_file_rules_name: Any,
    master_file_similar: Any,
    master_file_dissimilar: Any,
    log_dir: Any,
    model_dir: Any,
    add_fc: Sequence[int] = (1024, 128),
    num_fine_tune_layers: int = 0,
    batch_size: int = 150,
    rules_batch_fraction: float = 0.5,
    how_many_training_steps: int = 300,
    learning_rate: float = 1e-4,
    validation_percentage: int = 25,
    how_often_validation: int = 10,
    loss_ind: str = _COMBINED,
    loss_weight_semantic: float = 1 / 4,
    loss_weight_rules: float = 1 / 4,
    loss_weight_colour: float = 1 / 4,
    loss_weight_augment: float = 1 / 4,
    variable_weights: Sequence[float] = _VARIABLE_WEIGHTS,
    relevant_variables: Sequence[str] = _VARIABLES,
    random_crop: Sequence[float] = (0.7, 1.0),
    random_rotation90: bool = True,
    gaussian_noise: float = 0.1,
    flip_left_right: bool = True,
    flip_up_down: bool = True,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Trains a model by labels, rules, colours and views of the images.

    The weights of the losses and of the variables count by their ratios. The files of rules may be ``None``; without them
    the loss of the rules is left out of a combined loss.

    Parameters
    ----------
    master_file_name, master_file_rules_name : str
        Master files of the labelled images and of the images of rules, in ``master_file_dir``.
    master_file_similar, master_file_dissimilar : str
        Files in ``master_file_dir`` that name further files in it, each with the address of an object a line.
    model_dir : str or os.PathLike
        Folder of the model and of the logs.
    rules_batch_fraction : float
        Share of a batch that is drawn from the images of the rules.
    multi_label_variables
        No effect: the collections say which labels are sets.
    others
        As for :func:`silknow_image_retrieval.train_model_parameter`.
    """
    values = _of_training(locals())
    values["master_file"] = _joined_master_file(master_file_dir, [master_file_name, master_file_rules_name])
    _functions.train_model_parameter(**{**values, "logpath": model_dir, **parameters})


def build_kDTree_parameter(
    model_dir: Any,
    master_file_tree: Any,
    master_dir_tree: Any,
    tree_dir: Any,
    relevant_variables: Sequence[str] = _VARIABLES,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Builds the index of a collection: :func:`silknow_image_retrieval.build_kDTree_parameter`.

    ``model_dir`` and ``tree_dir`` are the folders of the model and of the index. ``multi_label_variables`` has no effect.
    """
    _functions.build_kDTree_parameter(
        model_dir, master_file_tree, master_dir_tree, list(relevant_variables), tree_dir, **parameters
    )


def preload_cnn_model(model_dir: Any, **parameters: Any) -> _native.Model:
    """Loads a model for :func:`get_kNN_from_preloaded_cnn`: ``Model.load(model_dir)``."""
    return _native.Model.load(model_dir, **parameters)


def preload_kd_tree(tree_dir: Any) -> PreloadedTree:
    """Loads an index for :func:`get_kNN_from_preloaded_cnn_and_tree`: the index, and the arrays of its file.

    They are ``Labels`` (int32 [N, V], -1: missing, the lowest class of a set), ``DictTrain`` (paths of the images),
    ``relevant_variables`` and ``label2class_list`` of ``kdtree.npz``.
    """
    # The working directory may be another one when the neighbours are asked for.
    folder = os.path.abspath(tree_dir)
    tree = _native.Index.load(folder)
    with np.load(os.path.join(folder, "kdtree.npz")) as arrays:
        names = ("Labels", "DictTrain", "relevant_variables", "label2class_list")
        return PreloadedTree(tree, *(arrays[name] for name in names))


def get_kNN_from_preloaded_cnn_and_tree(
    tree: _native.Index,
    labels_tree: Any,
    data_dict_train: Any,
    relevant_variables: Any,
    label2class_list: Any,
    master_file_retrieval: Any,
    master_dir_retrieval: Any,
    model: _native.Model,
    pred_gt_dir: Any,
    num_neighbors: int = 10,
    bool_labeled_input: bool = False,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Does what :func:`get_kNN_parameter` does with a model and an index that were loaded before.

    The first five arguments are what :func:`preload_kd_tree` gives; the index alone is used, which knows the others.
    """
    values = {
        "model_path": ".",
        "master_file_prediction": master_file_retrieval,
        "master_dir_prediction": master_dir_retrieval,
        "savepath": pred_gt_dir,
        "num_neighbors": num_neighbors,
        "bool_labeled_input": bool_labeled_input,
    }
    print(_native.run_get_knn({**values, **parameters}, model, tree))


def get_kNN_from_preloaded_cnn(
    tree_dir: Any,
    master_file_retrieval: Any,
    master_dir_retrieval: Any,
    model: _native.Model,
    pred_gt_dir: Any,
    num_neighbors: int = 10,
    bool_labeled_input: bool = False,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Does what :func:`get_kNN_parameter` does with a model that was loaded before."""
    get_kNN_from_preloaded_cnn_and_tree(
        *preload_kd_tree(tree_dir),
        master_file_retrieval,
        master_dir_retrieval,
        model,
        pred_gt_dir,
        num_neighbors,
        bool_labeled_input,
        multi_label_variables,
        **parameters,
    )


def get_kNN_parameter(
    tree_dir: Any,
    master_file_retrieval: Any,
    master_dir_retrieval: Any,
    model_dir: Any,
    pred_gt_dir: Any,
    num_neighbors: int = 10,
    bool_labeled_input: bool = False,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Finds the nearest neighbours of images: :func:`silknow_image_retrieval.get_kNN_parameter`.

    ``pred_gt_dir`` is the folder of the results. ``pred_gt.npz`` is written for labelled images alone, that is, with
    ``bool_labeled_input=True``. ``multi_label_variables`` has no effect.
    """
    _functions.get_kNN_parameter(
        tree_dir,
        master_file_retrieval,
        master_dir_retrieval,
        bool_labeled_input,
        model_dir,
        num_neighbors,
        pred_gt_dir,
        **parameters,
    )


def evaluate_model_parameter(
    pred_gt_dir: Any,
    eval_result_dir: Any,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    **parameters: Any,
) -> None:
    """Evaluates the predictions: :func:`silknow_image_retrieval.evaluate_model_parameter`.

    ``pred_gt_dir`` is the folder of ``pred_gt.npz``, ``eval_result_dir`` that of the results.
    ``multi_label_variables`` has no effect.
    """
    _functions.evaluate_model_parameter(pred_gt_dir, eval_result_dir, **parameters)


def cross_validation_parameter(
    master_file_name: Any,
    master_file_dir: Any,
    master_file_rules_name: Any,
    master_file_similar: Any,
    master_file_dissimilar: Any,
    log_dir: Any,
    model_dir: Any,
    tree_dir: Any,
    pred_gt_dir: Any,
    eval_result_dir: Any,
    add_fc: Sequence[int] = (1024, 128),
    num_fine_tune_layers: int = 0,
    batch_size: int = 150,
    rules_batch_fraction: float = 0.5,
    how_many_training_steps: int = 300,
    learning_rate: float = 1e-4,
    validation_percentage: int = 25,
    how_often_validation: int = 10,
    loss_ind: str = _COMBINED,
    num_neighbors: int = 10,
    variable_weights: Sequence[float] = _VARIABLE_WEIGHTS,
    relevant_variables: Sequence[str] = _VARIABLES,
    loss_weight_semantic: float = 1 / 4,
    loss_weight_rules: float = 1 / 4,
    loss_weight_colour: float = 1 / 4,
    loss_weight_augment: float = 1 / 4,
    multi_label_variables: Optional[Sequence[str]] = _MULTI_LABEL_VARIABLES,
    random_crop: Sequence[float] = (0.7, 1.0),
    random_rotation90: bool = True,
    gaussian_noise: float = 0.1,
    flip_left_right: bool = True,
    flip_up_down: bool = True,
    **parameters: Any,
) -> None:
    """Performs a cross-validation: :func:`silknow_image_retrieval.crossvalidation_parameter`.

    The folds are written into ``cv0``, ``cv1`` and so on in ``log_dir``, each with its model, index and results, and the
    pooled results beside them; ``model_dir``, ``tree_dir``, ``pred_gt_dir`` and ``eval_result_dir`` have no effect. The
    folds are the collections of ``master_file_name``; the images of ``master_file_rules_name`` are of no fold and are left
    out. The other parameters are those of :func:`train_model_parameter`.
    """
    values = _of_training(locals())
    values["masterfile_name_crossval"] = master_file_name
    values["masterfile_dir_crossval"] = values.pop("master_dir")
    values["num_neighbors"] = num_neighbors
    _functions.crossvalidation_parameter(**{**values, "logpath": log_dir, **parameters})


def _of_training(given: Mapping[str, Any]) -> Dict[str, Any]:
    """The parameters of a training under the package's names, but for the master file and the folder of the results."""
    variables = list(given["relevant_variables"])
    values: Dict[str, Any] = {
        "master_dir": given["master_file_dir"],
        "train_batch_size": given["batch_size"],
        "add_fc": list(given["add_fc"]),
        "hub_num_retrain": given["num_fine_tune_layers"],
        "val_percentage": given["validation_percentage"],
        "relevant_variables": variables,
        "random_crop": list(given["random_crop"]),
    }
    same = "how_many_training_steps learning_rate how_often_validation loss_ind random_rotation90 gaussian_noise"
    for name in f"{same} flip_left_right flip_up_down".split():
        values[name] = given[name]
    rules = {"similar_rules": given["master_file_similar"], "dissimilar_rules": given["master_file_dissimilar"]}
    rules = {key: Path(given["master_file_dir"], name) for key, name in rules.items() if name is not None}
    if given["loss_ind"] in (_COMBINED, "rule"):
        values.update(rules)
        if rules:
            values["rule_share"] = given["rules_batch_fraction"]
    if given["loss_ind"] in (_COMBINED, "triplet"):
        values["variable_weights"] = _named(zip(variables, given["variable_weights"]))
    if given["loss_ind"] == _COMBINED:
        weights = [(loss, given[name]) for name, loss in _WEIGHED_LOSSES.items() if rules or loss != "rules"]
        values["loss_weights"] = _named(weights)
    return values


def _named(weights: Iterable[Tuple[str, float]]) -> str:
    return ", ".join(f"{name}={weight}" for name, weight in weights)


def _joined_master_file(folder: Any, names: Sequence[Any]) -> Any:
    """The name of a master file that lists what several do; it is written where there is more than one."""
    given = [name for name in names if name is not None]
    if len(given) < 2:
        return given[0]
    joined = "_and_".join(Path(name).stem for name in given) + ".txt"
    lines = [line.strip() for name in given for line in Path(folder, name).read_text("utf-8-sig").splitlines()]
    _write(Path(folder, joined), [line for line in lines if line])
    return joined


def _write(path: Path, lines: Sequence[str]) -> None:
    """Writes a text as a whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", newline="\n", delete=False) as file:
        file.write("".join(f"{line}\n" for line in lines))
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def _has_column(csvfile: Any, name: str) -> bool:
    """True for a table with a column of this name. What is wrong with a table, its reader says."""
    try:
        with open(csvfile, encoding="utf-8-sig", errors="replace") as table:
            return name in re.split(r"[,;\t|\"\r\n]", table.readline(1 << 20))
    except (OSError, TypeError, ValueError):
        return False


__all__ = [
    "PreloadedTree",
    "build_kDTree_parameter",
    "create_dataset_parameter",
    "cross_validation_parameter",
    "evaluate_model_parameter",
    "get_kNN_from_preloaded_cnn",
    "get_kNN_from_preloaded_cnn_and_tree",
    "get_kNN_parameter",
    "preload_cnn_model",
    "preload_kd_tree",
    "train_model_parameter",
]
