"""The files of a folder as bytes and back: how models and indices are pickled."""

from __future__ import annotations

import os
import pathlib
from typing import Dict, Union


def pack(folder: Union[str, os.PathLike[str]]) -> Dict[str, bytes]:
    """The files of a folder by their names."""
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir() if path.is_file()}


def unpack(folder: Union[str, os.PathLike[str]], files: Dict[str, bytes]) -> None:
    """Writes files into a folder."""
    for name, content in files.items():
        if name != os.path.basename(name):
            raise ValueError(f"{name!r} is no file name")
        (pathlib.Path(folder) / name).write_bytes(content)
