import os
from collections.abc import Iterable
from typing import Literal, Optional, Union

import numpy as np
import numpy.typing as npt

from ._native import Index, Model, _Image
from ._descriptors import Descriptors

_Parameter = Union[None, int, float, str, os.PathLike[str], Model]

class RetrievalClassifier:
    k: int
    temperature: Optional[float]
    classes_: npt.NDArray[np.generic]
    index_: Index
    n_features_in_: int
    def __init__(self, k: int = 6, temperature: Optional[float] = None) -> None: ...
    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> RetrievalClassifier: ...
    def kneighbors(
        self, X: npt.ArrayLike, n_neighbors: Optional[int] = None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]: ...
    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.generic]: ...
    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]: ...
    def score(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: Optional[npt.ArrayLike] = None) -> float: ...
    def get_params(self, deep: bool = True) -> dict[str, _Parameter]: ...
    def set_params(self, **params: _Parameter) -> RetrievalClassifier: ...

class ImageDescriber:
    model: Union[None, Model, str, os.PathLike[str]]
    batch_size: Optional[int]
    on_error: Literal["raise", "skip"]
    model_: Model
    def __init__(
        self,
        model: Union[None, Model, str, os.PathLike[str]] = None,
        *,
        batch_size: Optional[int] = None,
        on_error: Literal["raise", "skip"] = "raise",
    ) -> None: ...
    def fit(self, X: Union[None, _Image, Iterable[_Image]] = None, y: object = None) -> ImageDescriber: ...
    def transform(self, X: Union[_Image, Iterable[_Image]]) -> Descriptors: ...
    def fit_transform(self, X: Union[_Image, Iterable[_Image]], y: object = None) -> Descriptors: ...
    def get_params(self, deep: bool = True) -> dict[str, _Parameter]: ...
    def set_params(self, **params: _Parameter) -> ImageDescriber: ...

__all__ = ["ImageDescriber", "RetrievalClassifier"]
