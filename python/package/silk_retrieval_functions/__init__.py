"""The documented functions under the documented module's name; see :mod:`silknow_image_retrieval`."""

from silknow_image_retrieval.silk_retrieval_functions import (
    build_kDTree_configfile,
    build_kDTree_parameter,
    create_dataset_configfile,
    create_dataset_parameter,
    crossvalidation_configfile,
    crossvalidation_parameter,
    evaluate_model_configfile,
    evaluate_model_parameter,
    get_kNN_configfile,
    get_kNN_parameter,
    train_model_configfile,
    train_model_parameter,
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
