"""The documented functions under the documented module's name; see :mod:`silknow_image_retrieval`."""

from silknow_image_retrieval.silk_retrieval_functions import *  # noqa: F403
from silknow_image_retrieval.silk_retrieval_functions import __all__ as __all__
