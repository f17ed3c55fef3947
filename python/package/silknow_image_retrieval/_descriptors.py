"""Arrays of descriptors that remember the model that made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Iterator, Optional, Sequence, Tuple, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    _Base = np.ndarray[Any, np.dtype[np.float32]]
else:
    _Base = np.ndarray


class Descriptors(_Base):
    """Descriptors float32 [N, D], a NumPy array that remembers the model that made it.

    Rows that are taken from it, copies, pickles, and what is joined from several arrays of one model remember it too. What
    is calculated from it is a plain array. An index refuses descriptors that are known to come from another model.
    """

    #: The model's fingerprint; empty where it is not known.
    fingerprint: str

    # Above that of plain arrays, so that what NumPy joins is of this class.
    __array_priority__ = 1.0  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __new__(cls, values: npt.ArrayLike, fingerprint: str) -> Descriptors:
        descriptors = np.asarray(values, dtype=np.float32).view(cls)  # pyright: ignore[reportUnknownMemberType]
        descriptors.fingerprint = fingerprint
        return descriptors

    def __array_finalize__(self, obj: Any) -> None:
        # Parts of descriptors are no descriptors of the model.
        is_whole = isinstance(obj, Descriptors) and self.ndim > 0 and self.shape[-1:] == obj.shape[-1:]
        self.fingerprint = getattr(obj, "fingerprint", "") if is_whole else ""

    def __array_ufunc__(self, ufunc: np.ufunc, method: Any, *inputs: Any, **kwargs: Any) -> Any:
        out: Optional[Tuple[Any, ...]] = kwargs.get("out")
        if out is not None:
            kwargs["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        # What is calculated in place stays where it is.
        return out[0] if out is not None and len(out) == 1 else result

    def __array_function__(self, func: Any, types: Iterable[type], args: Any, kwargs: Any) -> Any:
        result = super().__array_function__(func, tuple(types), args, kwargs)
        if isinstance(result, Descriptors) and not result.fingerprint:
            arrays = list(_arrays(args))
            fingerprints = {getattr(array, "fingerprint", "") for array in arrays}
            is_whole = all(array.shape[-1:] == result.shape[-1:] for array in arrays)
            if len(fingerprints) == 1 and is_whole:
                result.fingerprint = fingerprints.pop()
        return result

    def __deepcopy__(self, memo: Any) -> Descriptors:
        return cast(Descriptors, np.array(self, subok=True))  # type: ignore[redundant-cast]

    def __reduce__(self) -> Tuple[Any, ...]:
        how: Any = super().__reduce__()
        return how[0], how[1], (how[2], self.fingerprint)

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state[0])
        self.fingerprint = state[1]


def _plain(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, Descriptors) else value


def _arrays(arguments: Sequence[Any]) -> Iterator[Any]:
    """The arrays among arguments and in lists of them."""
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            yield argument
        elif isinstance(argument, (list, tuple)):
            yield from _arrays(cast(Sequence[Any], argument))


Descriptors.__module__ = "silknow_image_retrieval"
