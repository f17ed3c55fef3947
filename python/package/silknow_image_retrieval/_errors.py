"""The exceptions of the package. Their messages are the library's: what, where, and what to do."""

from __future__ import annotations

from typing import Optional


class SilknowError(Exception):
    """Whatever goes wrong here."""

    #: What to try, where something is known; the message ends with it, too.
    hint: Optional[str] = None


class ConfigurationError(SilknowError, ValueError):
    """A parameter, an argument or a configuration file is wrong: the caller can mend it."""


class DataError(SilknowError):
    """The content of an input is wrong, or the system refused: a missing file, a full disk, a silent host."""


class InternalError(SilknowError):
    """A fault of this package."""


class SilknowWarning(UserWarning):
    """Something that a user should know, though the work goes on."""


for _class in (SilknowError, ConfigurationError, DataError, InternalError, SilknowWarning):
    _class.__module__ = "silknow_image_retrieval"
del _class
