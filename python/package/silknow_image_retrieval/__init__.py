"""Semantic image retrieval for museum collections.

The six operations of the SILKNOW image retrieval toolbox, each in two forms: with a configuration file
(``train_model_configfile("Configuration_train_model.txt")``) and with parameters (``train_model_parameter(...)``).
They write files; ``help`` of each says which.

For notebooks, models and indices with NumPy arrays in and out:

- :class:`Model` describes images: ``Model.load(folder).describe(images)`` is float32 [N, D].
- :class:`Index` finds neighbours: ``Index.load(folder).search(descriptors, k)`` gives distances and positions, and
  ``index.paths[position]`` is the path of a neighbour's image.
- :mod:`silknow_image_retrieval.estimators` has both as estimators of scikit-learn.
- :mod:`silknow_image_retrieval.d46` has the operations under the names of D4.6, the toolbox's successor.
- :func:`evaluate` and :func:`evaluate_folder` judge predictions and return numbers; :func:`compare` compares
  two runs.

Errors are :class:`SilknowError`; Ctrl-C stops work within a second.

>>> import numpy as np
>>> import silknow_image_retrieval as sir
>>> descriptors = [[1, 0], [0, 1], [0, -1]]
>>> labels = {"place": ["ES", "FR", "FR"]}
>>> index = sir.Index.from_descriptors(descriptors, names=["a.jpg", "b.jpg", "c.jpg"], labels=labels)
>>> index
<Index: 3 images, 2 dimensions, variables: place>
>>> distances, positions = index.search([[0.6, 0.8]], k=2)
>>> distances.astype(float).round(3).tolist(), [index.paths[position] for position in positions[0]]
([[0.632, 0.894]], ['b.jpg', 'a.jpg'])
>>> index.search([[0.6, 0.8]], k=1, filter="place!=FR")[1].tolist()
[[0]]
"""

import atexit as _atexit

from . import silk_retrieval_functions
from ._descriptors import Descriptors
from ._errors import ConfigurationError, DataError, InternalError, SilknowError, SilknowWarning
from ._native import (
    Index,
    Model,
    __version__,
    compare,
    demo_collection,
    evaluate,
    evaluate_folder,
    finish_work as _finish_work,
    show_progress,
)
from .silk_retrieval_functions import *  # noqa: F403

# Interrupted work that has not stopped yet must not be cut off while it writes.
_atexit.register(_finish_work)

__all__ = [
    "ConfigurationError",
    "DataError",
    "Descriptors",
    "Index",
    "InternalError",
    "Model",
    "SilknowError",
    "SilknowWarning",
    "__version__",
    "build_kDTree_configfile",
    "build_kDTree_parameter",
    "compare",
    "create_dataset_configfile",
    "create_dataset_parameter",
    "crossvalidation_configfile",
    "crossvalidation_parameter",
    "demo_collection",
    "evaluate",
    "evaluate_folder",
    "evaluate_model_configfile",
    "evaluate_model_parameter",
    "get_kNN_configfile",
    "get_kNN_parameter",
    "show_progress",
    "silk_retrieval_functions",
    "train_model_configfile",
    "train_model_parameter",
]
