import os
from collections.abc import Sequence
from typing import Optional, Union, overload

import numpy as np
import numpy.typing as npt

_Path = Union[str, os.PathLike[str]]
_Value = Union[None, _Path, bool, float, Sequence[Union[str, float]], npt.NDArray[np.generic]]

def create_dataset_configfile(configfile: _Path, **parameters: _Value) -> None: ...
def create_dataset_parameter(
    csvfile: _Path,
    imgsavepath: _Path = ...,
    minnumsamples: int = ...,
    retaincollections: Sequence[str] = ...,
    num_labeled: int = ...,
    *,
    duplicates: str = ...,
    master_dir: _Path = ...,
    configuration_dir: _Path = ...,
    image_column: Optional[str] = ...,
    object_column: Optional[str] = ...,
    variables: Optional[Sequence[str]] = ...,
    label_aliases: Optional[_Path] = ...,
    missing_values: Optional[Sequence[str]] = ...,
    strict: bool = ...,
    user_agent_contact: Optional[str] = ...,
    seed: int = ...,
) -> None: ...
def train_model_configfile(configfile: _Path, **parameters: _Value) -> None: ...
def train_model_parameter(
    master_file: str = ...,
    master_dir: _Path = ...,
    logpath: _Path = ...,
    train_batch_size: int = ...,
    how_many_training_steps: int = ...,
    learning_rate: float = ...,
    add_fc: Sequence[int] = ...,
    hub_num_retrain: int = ...,
    loss_ind: str = ...,
    relevant_variables: Sequence[str] = ...,
    how_often_validation: int = ...,
    val_percentage: int = ...,
    random_crop: Sequence[float] = ...,
    random_rotation90: bool = ...,
    gaussian_noise: float = ...,
    flip_left_right: bool = ...,
    flip_up_down: bool = ...,
    *,
    random_shear: Optional[Sequence[float]] = None,
    random_brightness: Optional[float] = None,
    random_contrast: Optional[Sequence[float]] = None,
    random_saturation: Optional[Sequence[float]] = None,
    random_hue: Optional[float] = None,
    random_rotation: Optional[float] = None,
    augmented_views: int = ...,
    margin: float = ...,
    backbone: str = ...,
    weights: _Path = ...,
    input_size: int = ...,
    seed: int = ...,
    device: str = ...,
    precision: str = ...,
    resume: bool = ...,
) -> None: ...
def build_kDTree_configfile(configfile: _Path, **parameters: _Value) -> None: ...
def build_kDTree_parameter(
    model_path: _Path,
    master_file_tree: str,
    master_dir_tree: _Path,
    relevant_variables: Sequence[str],
    savepath: _Path,
    *,
    untrained: bool = ...,
    backbone: str = ...,
    weights: _Path = ...,
    batch_size: int = ...,
    device: str = ...,
    precision: str = ...,
) -> None: ...
def get_kNN_configfile(configfile: _Path, **parameters: _Value) -> None: ...
# `model_path` and `savepath` must be given, though they come after parameters that need not.
@overload
def get_kNN_parameter(
    treepath: _Path,
    master_file_prediction: str,
    master_dir_prediction: _Path,
    bool_labeled_input: bool = ...,
    *,
    model_path: _Path,
    num_neighbors: int = ...,
    savepath: _Path,
    vote: str = ...,
    vote_temperature: float | str = ...,
    confidence_threshold: float = ...,
    batch_size: int = ...,
    device: str = ...,
    precision: str = ...,
) -> None: ...
@overload
def get_kNN_parameter(
    treepath: _Path,
    master_file_prediction: str,
    master_dir_prediction: _Path,
    bool_labeled_input: bool,
    model_path: _Path,
    num_neighbors: int = ...,
    *,
    savepath: _Path,
    vote: str = ...,
    vote_temperature: float | str = ...,
    confidence_threshold: float = ...,
    batch_size: int = ...,
    device: str = ...,
    precision: str = ...,
) -> None: ...
@overload
def get_kNN_parameter(
    treepath: _Path,
    master_file_prediction: str,
    master_dir_prediction: _Path,
    bool_labeled_input: bool,
    model_path: _Path,
    num_neighbors: int,
    savepath: _Path,
    *,
    vote: str = ...,
    vote_temperature: float | str = ...,
    confidence_threshold: float = ...,
    batch_size: int = ...,
    device: str = ...,
    precision: str = ...,
) -> None: ...
def evaluate_model_configfile(configfile: _Path, **parameters: _Value) -> None: ...
def evaluate_model_parameter(
    pred_gt_path: _Path,
    result_path: _Path,
) -> None: ...
def crossvalidation_configfile(configfile: _Path, **parameters: _Value) -> None: ...
def crossvalidation_parameter(
    masterfile_name_crossval: str = ...,
    masterfile_dir_crossval: _Path = ...,
    logpath: _Path = ...,
    train_batch_size: int = ...,
    how_many_training_steps: int = ...,
    learning_rate: float = ...,
    add_fc: Sequence[int] = ...,
    hub_num_retrain: int = ...,
    loss_ind: str = ...,
    relevant_variables: Sequence[str] = ...,
    how_often_validation: int = ...,
    val_percentage: int = ...,
    num_neighbors: int = ...,
    random_crop: Sequence[float] = ...,
    random_rotation90: bool = ...,
    gaussian_noise: float = ...,
    flip_left_right: bool = ...,
    flip_up_down: bool = ...,
    *,
    vote: str = ...,
    vote_temperature: float | str = ...,
    confidence_threshold: float = ...,
    random_shear: Optional[Sequence[float]] = None,
    random_brightness: Optional[float] = None,
    random_contrast: Optional[Sequence[float]] = None,
    random_saturation: Optional[Sequence[float]] = None,
    random_hue: Optional[float] = None,
    random_rotation: Optional[float] = None,
    augmented_views: int = ...,
    margin: float = ...,
    backbone: str = ...,
    weights: _Path = ...,
    input_size: int = ...,
    seed: int = ...,
    device: str = ...,
    precision: str = ...,
    resume: bool = ...,
) -> None: ...

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
