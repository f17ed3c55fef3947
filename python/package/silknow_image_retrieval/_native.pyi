import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Optional, Protocol, TypedDict, Union, final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._descriptors import Descriptors

_Path = Union[str, os.PathLike[str]]
_Label = Union[None, str, int, float, bool]
_Cell = Union[_Label, Sequence[_Label], frozenset[_Label], set[_Label]]
_Value = Union[
    None, _Path, bool, float, Sequence[Union[str, float]], Mapping[str, float], npt.NDArray[np.generic]
]

class _PILImage(Protocol):
    """An image of Pillow, which is optional."""

    @property
    def mode(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    def getexif(self) -> Mapping[int, object]: ...

_Image = Union[_Path, npt.NDArray[np.uint8], _PILImage]
_Table = Union[pd.DataFrame, Mapping[str, Sequence[_Cell]]]

class _ConfusionMatrix(TypedDict):
    classes: list[str]
    texts: list[str]
    counts: list[list[int]]

_Class = TypedDict(
    "_Class",
    {"class": str, "text": str, "precision": float, "recall": float, "f1": float, "samples": int},
)

class _Ranking(TypedDict):
    k: int
    queries: int
    precision_at_k: float
    mean_average_precision: float

class _Variable(TypedDict):
    variable: str
    samples: int
    labelled: int
    evaluated: int
    share_evaluated: float
    accuracy: float
    mean_precision: float
    mean_recall: float
    mean_f1: float
    classes: list[_Class]
    confusion_matrix: _ConfusionMatrix
    ranking: Optional[_Ranking]

class _Summary(TypedDict):
    format_version: int
    software_version: str
    samples: int
    k: Optional[int]
    mean_accuracy: float
    mean_f1: float
    variables: list[_Variable]
    warnings: list[str]

class _Estimate(TypedDict):
    value: float
    low: float
    high: float

class _Paired(TypedDict):
    a: float
    b: float
    difference: _Estimate
    p_value: float

class _PairedFigures(TypedDict):
    accuracy: _Paired
    mean_f1: _Paired

class _McNemar(TypedDict):
    only_a_right: int
    only_b_right: int
    p_value: float

class _VariableComparison(TypedDict):
    variable: str
    enters_means: bool
    labelled: int
    images: int
    coverage_a: float
    coverage_b: float
    figures: Optional[_PairedFigures]
    mcnemar: _McNemar

class _Comparison(TypedDict):
    run_a: str
    run_b: str
    images_a: int
    images_b: int
    images_common: int
    objects: int
    means: Optional[_PairedFigures]
    variables: list[_VariableComparison]
    warnings: list[str]

__version__: str

@final
class Model:
    @staticmethod
    def load(folder: _Path, *, device: Optional[str] = None, precision: Optional[str] = None) -> Model: ...
    @staticmethod
    def import_(
        path: _Path,
        *,
        configuration: Optional[_Path] = None,
        variables: Optional[Sequence[str]] = None,
        loss: Optional[str] = None,
        pixels: Optional[Literal["toolbox", "ours"]] = None,
        input_size: Optional[int] = None,
        device: Optional[str] = None,
        precision: Optional[str] = None,
    ) -> Model: ...
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
        self,
        images: Union[_Image, Iterable[_Image]],
        *,
        batch_size: Optional[int] = None,
        on_error: Literal["raise", "skip"] = "raise",
    ) -> Descriptors: ...
    def save(self, folder: _Path) -> None: ...
    def to_onnx(self, path: _Path, *, features: bool = False) -> None: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def input_size(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def variables(self) -> list[str]: ...
    @property
    def vote_temperature(self) -> Optional[float]: ...
    def __copy__(self) -> Model: ...
    def __deepcopy__(self, _memo: dict[int, object]) -> Model: ...
    def __reduce__(self) -> tuple[object, ...]: ...
    @staticmethod
    def _restored(
        files: dict[str, bytes], source: str, device: Optional[str], precision: Optional[str]
    ) -> Model: ...

@final
class Index:
    @staticmethod
    def load(folder: _Path) -> Index: ...
    @staticmethod
    def from_descriptors(
        descriptors: npt.ArrayLike,
        names: Optional[Iterable[_Path]] = None,
        labels: Optional[_Table] = None,
        *,
        model: Optional[Model] = None,
    ) -> Index: ...
    @staticmethod
    def import_(
        path: _Path,
        *,
        images_root: Optional[_Path] = None,
        table: Optional[_Path] = None,
        model: Optional[Model] = None,
    ) -> Index: ...
    def to_parquet(self, path: _Path) -> None: ...
    def to_faiss(self, path: _Path) -> None: ...
    def to_tsv(self, path: _Path) -> None: ...
    def save(self, folder: _Path) -> None: ...
    def search(
        self,
        descriptors: npt.ArrayLike,
        k: Optional[int] = None,
        *,
        filter: Optional[str] = None,
        max_distance: Optional[float] = None,
        exclude_self: bool = False,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]: ...
    def radius_search(
        self,
        descriptors: npt.ArrayLike,
        radius: float,
        *,
        filter: Optional[str] = None,
        exclude_self: bool = False,
    ) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]: ...
    def predict(
        self,
        descriptors: npt.ArrayLike,
        k: Optional[int] = None,
        *,
        filter: Optional[str] = None,
        max_distance: Optional[float] = None,
        exclude_self: bool = False,
        temperature: Optional[float] = None,
    ) -> pd.DataFrame: ...
    def predict_proba(
        self,
        descriptors: npt.ArrayLike,
        k: Optional[int] = None,
        *,
        filter: Optional[str] = None,
        max_distance: Optional[float] = None,
        exclude_self: bool = False,
        temperature: Optional[float] = None,
    ) -> dict[str, pd.DataFrame]: ...
    def add(
        self,
        descriptors: npt.ArrayLike,
        names: Optional[Iterable[_Path]] = None,
        labels: Optional[_Table] = None,
    ) -> None: ...
    def remove(self, filter: Optional[str] = None, *, names: Optional[Iterable[_Path]] = None) -> int: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def paths(self) -> list[str]: ...
    @property
    def labels(self) -> pd.DataFrame: ...
    @property
    def records(self) -> pd.DataFrame: ...
    @property
    def variables(self) -> list[str]: ...
    @property
    def descriptors(self) -> Descriptors: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    def __len__(self) -> int: ...
    def __copy__(self) -> Index: ...
    def __deepcopy__(self, _memo: dict[int, object]) -> Index: ...
    def __reduce__(self) -> tuple[object, ...]: ...
    @staticmethod
    def _restored(files: dict[str, bytes], folder: Optional[os.PathLike[str]]) -> Index: ...

class _Key(TypedDict):
    name: str
    aliases: Sequence[str]
    documented: bool
    required: bool
    default: _Value
    about: str
    expected: str

def run_get_knn(values: Mapping[str, _Value], model: Model, index: Index, /) -> str: ...
def evaluate(truth: _Table, predictions: _Table) -> _Summary: ...
def evaluate_folder(pred_gt_path: _Path) -> _Summary: ...
def compare(run_a: _Path, run_b: _Path) -> _Comparison: ...
def demo_collection(folder: _Path, *, objects: Optional[int] = None, seed: Optional[int] = None) -> str: ...
def show_progress(shown: bool = True) -> None: ...
def finish_work() -> None: ...
def operation_keys(operation_name: str, /) -> list[_Key]: ...
def run_operation(operation_name: str, values: Mapping[str, _Value], /, *configfile: _Path) -> str: ...

__all__ = [
    "demo_collection",
    "show_progress",
    "evaluate",
    "evaluate_folder",
    "compare",
    "Index",
    "Model",
    "operation_keys",
    "run_get_knn",
    "run_operation",
    "finish_work",
    "__version__",
]
