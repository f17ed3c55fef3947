import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, Union, final

import numpy as np
import numpy.typing as npt

_Path = Union[str, os.PathLike[str]]
# A PIL image cannot be named here: Pillow is optional.
_Image = Union[_Path, npt.NDArray[np.uint8], Any]
# A pandas.DataFrame, or one list of labels a variable.
_Table = Union[Mapping[str, Sequence[Optional[str]]], Any]

__version__: str

@final
class Model:
    @staticmethod
    def load(folder: _Path, *, device: Optional[str] = None, precision: Optional[str] = None) -> Model: ...
    @staticmethod
    def pretrained(
        *,
        backbone: Optional[str] = None,
        weights: Optional[_Path] = None,
        add_fc: Optional[Sequence[int]] = None,
        input_size: Optional[int] = None,
        seed: Optional[int] = None,
        device: Optional[str] = None,
        precision: Optional[str] = None,
    ) -> Model: ...
    def describe(
        self, images: Union[_Image, Iterable[_Image]], *, batch_size: Optional[int] = None
    ) -> npt.NDArray[np.float32]: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def input_size(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def variables(self) -> list[str]: ...

@final
class Index:
    @staticmethod
    def load(folder: _Path) -> Index: ...
    @staticmethod
    def from_descriptors(
        descriptors: npt.NDArray[np.float32],
        names: Optional[Iterable[_Path]] = None,
        labels: Optional[_Table] = None,
        *,
        model: Optional[Model] = None,
    ) -> Index: ...
    def save(self, folder: _Path) -> None: ...
    def search(
        self, descriptors: npt.NDArray[np.float32], k: Optional[int] = None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]: ...
    def predict(self, descriptors: npt.NDArray[np.float32], k: Optional[int] = None) -> Any: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def paths(self) -> list[str]: ...
    @property
    def labels(self) -> Any: ...
    @property
    def variables(self) -> list[str]: ...
    @property
    def descriptors(self) -> npt.NDArray[np.float32]: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    def __len__(self) -> int: ...

def evaluate(truth: _Table, predictions: _Table) -> dict[str, Any]: ...
def evaluate_folder(pred_gt_path: _Path) -> dict[str, Any]: ...
def demo_collection(folder: _Path, *, objects: Optional[int] = None, seed: Optional[int] = None) -> str: ...
def show_progress(shown: bool = True) -> None: ...
def finish_work() -> None: ...
def operation_keys(operation_name: str, /) -> list[dict[str, Any]]: ...
def run_operation(operation_name: str, values: dict[str, Any], /, *configfile: _Path) -> str: ...

__all__ = [
    "demo_collection",
    "show_progress",
    "evaluate",
    "evaluate_folder",
    "Index",
    "Model",
    "operation_keys",
    "run_operation",
    "finish_work",
    "__version__",
]
