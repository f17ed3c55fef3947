# scikit-learn has no types, so that the checks of what comes from it stay basic here; the stub beside has them all.
# pyright: basic, reportMissingModuleSource=false
"""Models and indices as estimators of scikit-learn, for pipelines, grid searches and cross-validation.

- :class:`ImageDescriber` turns images into descriptors.
- :class:`RetrievalClassifier` predicts the classes of descriptors by the votes of their nearest neighbours.

>>> import numpy as np
>>> from silknow_image_retrieval.estimators import RetrievalClassifier
>>> classifier = RetrievalClassifier(k=1).fit([[0.0, 1.0], [1.0, 0.0]], ["ES", "FR"])
>>> classifier.predict([[0.1, 0.9]]).tolist()
['ES']
"""

from __future__ import annotations

import os
from typing import Any, Optional

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as failure:
    raise ImportError(
        "silknow_image_retrieval.estimators needs scikit-learn 1.6 or later: pip install scikit-learn"
    ) from failure

from ._native import Index, Model


class RetrievalClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts the class of a descriptor by the votes of its nearest neighbours.

    The class that most of the k neighbours have wins, or the one whose neighbours weigh most; a tie goes to the class with
    the nearest neighbour, as for :meth:`Index.predict`.

    Parameters
    ----------
    k : int
        Neighbours that vote, at least 1; all samples where it is larger.
    temperature : float, optional
        The temperature T of weighted votes, above 0: a neighbour at the distance d counts exp(-d**2 / T). Every neighbour
        counts one where not given.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The classes, sorted.
    index_ : Index
        The index of the descriptors that it was fitted with.
    """

    def __init__(self, k: int = 6, temperature: Optional[float] = None) -> None:
        self.k = k
        self.temperature = temperature

    def fit(self, X: Any, y: Any) -> RetrievalClassifier:
        """Takes descriptors [N, D] with their classes [N]."""
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, self._codes = np.unique(y, return_inverse=True)
        self.index_ = Index.from_descriptors(_single(X))
        return self

    def kneighbors(self, X: Any, n_neighbors: Optional[int] = None) -> Any:
        """Distances and positions [Q, k] of the nearest samples, as :meth:`Index.search` gives them."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        k = self.k if n_neighbors is None else n_neighbors
        return self.index_.search(_single(X), min(k, len(self.index_)))

    def predict_proba(self, X: Any) -> Any:
        """The shares of the votes [Q, classes], in the order of ``classes_``.

        Where classes tie, the share of the one that is predicted is larger by a billionth.
        """
        votes, winners = self._votes(X)
        votes[np.arange(len(votes)), winners] += 1e-9 * votes.sum(axis=1)
        return votes / votes.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """The classes [Q] of descriptors [Q, D]."""
        _, winners = self._votes(X)
        return self.classes_[winners]

    def _votes(self, X: Any) -> Any:
        """The votes [Q, classes], and the position in ``classes_`` of the class that wins."""
        distances, positions = self.kneighbors(X)
        codes = self._codes[positions]
        every = np.arange(len(codes))
        votes = np.zeros((len(codes), len(self.classes_)))
        np.add.at(votes, (every[:, None], codes), self._weights(distances))
        # Of the neighbours whose class has most votes, the nearest decides.
        of_neighbours = np.take_along_axis(votes, codes, axis=1)
        nearest = np.argmax(of_neighbours == votes.max(axis=1, keepdims=True), axis=1)
        return votes, codes[every, nearest]

    def _weights(self, distances: Any) -> Any:
        """What every neighbour counts [Q, k]."""
        if self.temperature is None:
            return np.ones(distances.shape)
        if not self.temperature > 0:
            raise ValueError(f"temperature must be above 0, but it is {self.temperature}")
        squared = distances.astype(np.float64) ** 2
        # Taken from that of the nearest, so that no temperature makes all weights 0.
        return np.exp(-(squared - squared[:, :1]) / self.temperature)


class ImageDescriber(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns images into descriptors.

    Parameters
    ----------
    model : Model, str or os.PathLike, optional
        The model, or the folder to load it from. Where not given, ResNet-18 without training and without a download:
        what is close looks alike.
    batch_size : int, optional
        Images that the network describes at once.
    on_error : {"raise", "skip"}
        What happens when an image cannot be read, as for :meth:`Model.describe`.

    Attributes
    ----------
    model_ : Model
        The model in use.
    """

    def __init__(self, model: Any = None, *, batch_size: Optional[int] = None, on_error: str = "raise") -> None:
        self.model = model
        self.batch_size = batch_size
        self.on_error = on_error

    def fit(self, X: Any = None, y: Any = None) -> ImageDescriber:
        """Makes the model ready; the images do not matter."""
        if isinstance(self.model, Model):
            self.model_ = self.model
        elif self.model is None:
            self.model_ = Model.pretrained(backbone="resnet18", weights="builtin")
        else:
            self.model_ = Model.load(self.model)
        return self

    def transform(self, X: Any) -> Any:
        """The descriptors float32 [N, D] of images: paths, PIL images, or an array uint8 [N, H, W, 3]."""
        check_is_fitted(self)
        # pandas' columns of paths are read as lists.
        images = list(X) if hasattr(X, "to_list") and not isinstance(X, (str, os.PathLike)) else X
        return self.model_.describe(images, batch_size=self.batch_size, on_error=self.on_error)  # type: ignore[arg-type]

    @property
    def _n_features_out(self) -> int:
        return self.model_.dimensions

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.no_validation = True
        return tags


def _single(X: Any) -> Any:
    """Descriptors as the index keeps them; numbers that are too large for that are refused here in scikit-learn's way."""
    with np.errstate(over="ignore"):
        single = np.asarray(X, dtype=np.float32)
    if not np.isfinite(single).all():
        raise ValueError("Input X contains a value too large for dtype('float32').")
    return single


__all__ = ["ImageDescriber", "RetrievalClassifier"]
