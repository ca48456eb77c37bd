"""Import less: leave out what libraries import for uses that nobody has here, and do nothing twice."""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

UNUSED = (
    "sklearn",  # by Keras, for wrappers: a fifth of a worker's start
    "rfc3987_syntax",  # by jsonschema, for addresses in other alphabets: 1.5 s with any notebook
    "googleapiclient",  # by TensorFlow, for its accelerators in the cloud
    "scipy",  # by the same, to know its sparse matrices
    "cv2",  # by Keras, to draw boxes on pictures
    "pandas",  # by Keras, to know its tables, which it takes as arrays all the same: 60 MB, a tenth of the start
)


@contextmanager
def lean(unless: Sequence[str] = ()) -> Iterator[None]:
    """Hide packages from what is imported meanwhile; afterwards they can be imported as ever.

    An annotation that is a string is compiled once, not again for each of TensorFlow's 1,400
    operations: a twelfth of its import.

    Args:
        unless: modules that are wanted: the packages that they are of are not hidden.
    """
    wanted = {name.split(".")[0] for name in unless}
    hidden = [name for name in UNUSED if name not in wanted and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    compiled_once = "compile" not in vars(typing)
    if compiled_once:
        typing.compile = lru_cache(maxsize=None)(compile)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if compiled_once:
            del typing.compile  # type: ignore[attr-defined]
        for name in hidden:
            del sys.modules[name]
