import os
from collections.abc import Sequence
from typing import NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from ._native import Index, Model

_Path = Union[str, os.PathLike[str]]
_Value = Union[None, _Path, bool, float, Sequence[Union[str, float]], npt.NDArray[np.generic]]

class PreloadedTree(NamedTuple):
    tree: Index
    labels_tree: npt.NDArray[np.int32]
    data_dict_train: npt.NDArray[np.str_]
    relevant_variables: npt.NDArray[np.str_]
    label2class_list: npt.NDArray[np.str_]

def create_dataset_parameter(
    csvfile: _Path,
    imgsavepath: _Path,
    master_file_dir: _Path,
    masterfileRules: Optional[str] = None,
    minnumsamples: int = 150,
    retaincollections: Sequence[str] = ...,
    num_labeled: int = 1,
    flagRuleDataset: bool = True,
    multi_label_variables: Optional[Sequence[str]] = ...,
    *,
    category_group: Optional[Sequence[str]] = ...,
    duplicates: str = ...,
    groups: Optional[_Path] = ...,
    configuration_dir: _Path = ...,
    sheet: Optional[str] = ...,
    image_column: Optional[str] = ...,
    object_column: Optional[str] = ...,
    variables: Optional[Sequence[str]] = ...,
    label_aliases: Optional[_Path] = ...,
    missing_values: Optional[Sequence[str]] = ...,
    strict: bool = ...,
    user_agent_contact: Optional[str] = ...,
    seed: int = ...,
) -> None: ...
def train_model_parameter(
    master_file_name: str,
    master_file_dir: _Path,
    master_file_rules_name: Optional[str],
    master_file_similar: Optional[str],
    master_file_dissimilar: Optional[str],
    log_dir: _Path,
    model_dir: _Path,
    add_fc: Sequence[int] = (1024, 128),
    num_fine_tune_layers: int = 0,
    batch_size: int = 150,
    rules_batch_fraction: float = 0.5,
    how_many_training_steps: int = 300,
    learning_rate: float = 1e-4,
    validation_percentage: int = 25,
    how_often_validation: int = 10,
    loss_ind: str = "combined_similarity_loss",
    loss_weight_semantic: float = 0.25,
    loss_weight_rules: float = 0.25,
    loss_weight_colour: float = 0.25,
    loss_weight_augment: float = 0.25,
    variable_weights: Sequence[float] = ...,
    relevant_variables: Sequence[str] = ...,
    random_crop: Sequence[float] = (0.7, 1.0),
    random_rotation90: bool = True,
    gaussian_noise: float = 0.1,
    flip_left_right: bool = True,
    flip_up_down: bool = True,
    multi_label_variables: Optional[Sequence[str]] = ...,
    **parameters: _Value,
) -> None: ...
def build_kDTree_parameter(
    model_dir: _Path,
    master_file_tree: str,
    master_dir_tree: _Path,
    tree_dir: _Path,
    relevant_variables: Sequence[str] = ...,
    multi_label_variables: Optional[Sequence[str]] = ...,
    **parameters: _Value,
) -> None: ...
def preload_cnn_model(
    model_dir: _Path, *, device: Optional[str] = None, precision: Optional[str] = None
) -> Model: ...
def preload_kd_tree(tree_dir: _Path) -> PreloadedTree: ...
def get_kNN_from_preloaded_cnn_and_tree(
    tree: Index,
    labels_tree: npt.NDArray[np.int32],
    data_dict_train: npt.NDArray[np.str_],
    relevant_variables: npt.NDArray[np.str_],
    label2class_list: npt.NDArray[np.str_],
    master_file_retrieval: str,
    master_dir_retrieval: _Path,
    model: Model,
    pred_gt_dir: _Path,
    num_neighbors: int = 10,
    bool_labeled_input: bool = False,
    multi_label_variables: Optional[Sequence[str]] = ...,
    **parameters: _Value,
) -> None: ...
def get_kNN_from_preloaded_cnn(
    tree_dir: _Path,
    master_file_retrieval: str,
    master_dir_retrieval: _Path,
    model: Model,
    pred_gt_dir: _Path,
    num_neighbors: int = 10,
    bool_labeled_input: bool = False,
    multi_label_variables: Optional[Sequence[str]] = ...,
    **parameters: _Value,
) -> None: ...
def get_kNN_parameter(
    tree_dir: _Path,
    master_file_retrieval: str,
    master_dir_retrieval: _Path,
    model_dir: _Path,
    pred_gt_dir: _Path,
    num_neighbors: int = 10,
    bool_labeled_input: bool = False,
    multi_label_variables: Optional[Sequence[str]] = ...,
    **parameters: _Value,
) -> None: ...
def evaluate_model_parameter(
    pred_gt_dir: _Path,
    eval_result_dir: _Path,
    multi_label_variables: Optional[Sequence[str]] = ...,
    **parameters: _Value,
) -> None: ...
def cross_validation_parameter(
    master_file_name: str,
    master_file_dir: _Path,
    master_file_rules_name: Optional[str],
    master_file_similar: Optional[str],
    master_file_dissimilar: Optional[str],
    log_dir: _Path,
    model_dir: _Path,
    tree_dir: _Path,
    pred_gt_dir: _Path,
    eval_result_dir: _Path,
    add_fc: Sequence[int] = (1024, 128),
    num_fine_tune_layers: int = 0,
    batch_size: int = 150,
    rules_batch_fraction: float = 0.5,
    how_many_training_steps: int = 300,
    learning_rate: float = 1e-4,
    validation_percentage: int = 25,
    how_often_validation: int = 10,
    loss_ind: str = "combined_similarity_loss",
    num_neighbors: int = 10,
    variable_weights: Sequence[float] = ...,
    relevant_variables: Sequence[str] = ...,
    loss_weight_semantic: float = 0.25,
    loss_weight_rules: float = 0.25,
    loss_weight_colour: float = 0.25,
    loss_weight_augment: float = 0.25,
    multi_label_variables: Optional[Sequence[str]] = ...,
    random_crop: Sequence[float] = (0.7, 1.0),
    random_rotation90: bool = True,
    gaussian_noise: float = 0.1,
    flip_left_right: bool = True,
    flip_up_down: bool = True,
    **parameters: _Value,
) -> None: ...

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
