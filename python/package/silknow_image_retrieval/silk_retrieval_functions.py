"""The twelve functions of the SILKNOW image retrieval toolbox.

Their names and the order of their parameters are those of the toolbox's documentation. Which parameters there are, what
they may be, their defaults and their checks are the library's, so that they are the same as on the command line.
"""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any, Callable, List, Sequence

from . import _native

if TYPE_CHECKING:
    from ._native import _Key

_TRAINING = """\
train_batch_size how_many_training_steps learning_rate add_fc hub_num_retrain loss_ind relevant_variables
how_often_validation val_percentage"""
_AUGMENTATION = "random_crop random_rotation90 gaussian_noise flip_left_right flip_up_down"


def _documentation(summary: str, effect: str, keys: Sequence[_Key], names: Sequence[str]) -> str:
    """The documentation of a function with these parameters."""
    lines = [summary, "", effect, "", "Parameters", "----------"]
    for name, key in zip(names, keys):
        lines.append(f"{name} : {key['expected']}")
        default = f" Default: {key['default']!r}." if key["default"] is not None else ""
        lines += textwrap.wrap(f"{key['about']}.{default}", 110, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines + ["", *_RAISES])


_RAISES = [
    "Raises",
    "------",
    "ConfigurationError",
    "    A parameter that is unknown or missing, of the wrong type or out of range.",
    "DataError",
    "    Files that are missing or damaged, a folder that is not writable.",
    "KeyboardInterrupt",
    "    Ctrl-C; what is finished is kept.",
]


def _name(function: Callable[..., None], name: str, documentation: str, signature: inspect.Signature) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = documentation
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _with_parameters(operation: str, order: str, summary: str, effect: str, **defaults: Any) -> Any:
    """``<operation>_parameter``: the documented parameters in their order, the further ones by keyword.

    ``defaults`` are those that the function had and that differ from those of a configuration file.
    """
    keys = _native.operation_keys(operation)
    for key in keys:
        key["default"] = defaults.get(key["name"], key["default"])
    names = order.split()
    by_name = {spelling: key for key in keys for spelling in (key["name"], *key["aliases"])}
    documented = [by_name[name] for name in names]
    further = [key for key in keys if key not in documented]

    def function(*args: Any, **parameters: Any) -> None:
        if len(args) > len(names):
            raise TypeError(f"{operation}_parameter takes {len(names)} positional arguments, not {len(args)}")
        values = dict(zip(names, args))
        for name in values.keys() & parameters.keys():
            raise TypeError(f"{operation}_parameter got several values for `{name}`")
        given = {name: value for name, value in {**values, **parameters}.items() if value is not None}
        print(_native.run_operation(operation, {**defaults, **given}))

    described: List[inspect.Parameter] = []
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for name, key in zip(names, documented):
        # After a parameter with a default, Python wants one for all; what must be given is refused when missing.
        needed = key["required"] and not any(other.default is not other.empty for other in described)
        default = inspect.Parameter.empty if needed else key["default"]
        described.append(inspect.Parameter(name, kind, default=default))
    for key in further:
        described.append(inspect.Parameter(key["name"], inspect.Parameter.KEYWORD_ONLY, default=key["default"]))
    documentation = _documentation(summary, effect, documented + further, names + [key["name"] for key in further])
    return _name(function, f"{operation}_parameter", documentation, inspect.Signature(described))


def _with_configfile(operation: str, summary: str, effect: str) -> Any:
    """``<operation>_configfile``: a configuration file, and parameters by keyword that count more than its lines."""

    def function(configfile: Any, **parameters: Any) -> None:
        print(_native.run_operation(operation, parameters, configfile))

    signature = inspect.Signature(
        [
            inspect.Parameter("configfile", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            inspect.Parameter("parameters", inspect.Parameter.VAR_KEYWORD),
        ]
    )
    lines = [
        summary,
        "",
        effect,
        "",
        "Parameters",
        "----------",
        "configfile : str or os.PathLike",
        "    The configuration file, with its path.",
        "**parameters",
        f"    Any parameter of :func:`{operation}_parameter`; it counts more than what the file says.",
        "",
        *_RAISES,
    ]
    return _name(function, f"{operation}_configfile", "\n".join(lines), signature)


_CREATE = "Creates a dataset: images, collection files, master files and configuration files for the other functions."
_CREATE_EFFECT = """\
Fetches and rescales the images of a knowledge-graph export, divides them into five collections, object by object, and
writes ``collection_1.txt`` to ``collection_5.txt``, the master files, statistics and a list of what could not be had."""
create_dataset_configfile = _with_configfile("create_dataset", _CREATE, _CREATE_EFFECT)
create_dataset_parameter = _with_parameters(
    "create_dataset",
    "csvfile imgsavepath minnumsamples retaincollections num_labeled",
    _CREATE,
    _CREATE_EFFECT,
    imgsavepath="../data/",
)

_TRAIN = "Trains a model whose descriptors follow the labels of the images."
_TRAIN_EFFECT = "Writes the model (``model.safetensors``, ``model.json``) and its logs into ``logpath``."
train_model_configfile = _with_configfile("train_model", _TRAIN, _TRAIN_EFFECT)
train_model_parameter = _with_parameters(
    "train_model", f"master_file master_dir logpath {_TRAINING} {_AUGMENTATION}", _TRAIN, _TRAIN_EFFECT
)

_BUILD = "Builds the index of a collection: the descriptors of all its images, with their labels."
_BUILD_EFFECT = """\
Writes ``kdtree.npz`` into ``savepath``. It opens with ``numpy.load``: ``Tree`` float32 [N, D], ``Labels`` int32 [N, V]
(-1: missing), ``DictTrain`` (paths relative to its folder), ``relevant_variables``, ``label2class_list``, ``meta``."""
build_kDTree_configfile = _with_configfile("build_kDTree", _BUILD, _BUILD_EFFECT)
build_kDTree_parameter = _with_parameters(
    "build_kDTree", "model_path master_file_tree master_dir_tree relevant_variables savepath", _BUILD, _BUILD_EFFECT
)

_FIND = "Finds the nearest neighbours of images in an index, and predicts the images' classes."
_FIND_EFFECT = """\
Writes ``knn_list.txt``, ``kNN_LUT.csv``, ``kNN_votes.csv`` (the probability of every class) and, for labelled queries,
``pred_gt.npz`` into ``savepath``. The index must have been built with the same model."""
get_kNN_configfile = _with_configfile("get_kNN", _FIND, _FIND_EFFECT)
get_kNN_parameter = _with_parameters(
    "get_kNN",
    "treepath master_file_prediction master_dir_prediction bool_labeled_input model_path num_neighbors savepath",
    _FIND,
    _FIND_EFFECT,
)

_EVALUATE = "Evaluates the predictions for labelled queries."
_EVALUATE_EFFECT = """\
Writes, per variable, ``<variable>_evaluation_results.txt`` and two confusion matrices as pictures, and
``evaluation_summary.json``, ``evaluation_details.json`` and ``report.html`` into ``result_path``. For numbers see :func:`evaluate_folder`."""
evaluate_model_configfile = _with_configfile("evaluate_model", _EVALUATE, _EVALUATE_EFFECT)
evaluate_model_parameter = _with_parameters("evaluate_model", "pred_gt_path result_path", _EVALUATE, _EVALUATE_EFFECT)

_CROSS = "Performs a cross-validation: every collection is tested once, with the others trained and indexed."
_CROSS_EFFECT = "Writes the folds into ``cv0``, ``cv1`` and so on in ``logpath``, and the pooled results beside them."
crossvalidation_configfile = _with_configfile("crossvalidation", _CROSS, _CROSS_EFFECT)
crossvalidation_parameter = _with_parameters(
    "crossvalidation",
    f"masterfile_name_crossval masterfile_dir_crossval logpath {_TRAINING} num_neighbors {_AUGMENTATION}",
    _CROSS,
    _CROSS_EFFECT,
)

__all__ = [
    "build_kDTree_configfile",
    "build_kDTree_parameter",
    "create_dataset_configfile",
    "create_dataset_parameter",
    "crossvalidation_configfile",
    "crossvalidation_parameter",
    "evaluate_model_configfile",
    "evaluate_model_parameter",
    "get_kNN_configfile",
    "get_kNN_parameter",
    "train_model_configfile",
    "train_model_parameter",
]
