"""A lab's Python modules, imported from its folder.

The clean room needs no more of a lab than this; reading notebooks takes a second to import.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from typing import Any

from grader.authoring.spec import AuthorError, LabSpec


def load_spec(folder: Path) -> LabSpec:
    """The lab that ``checks.py`` describes.

    Raises:
        AuthorError: there is none, it cannot be imported, or it is another folder's.
    """
    folder = folder.resolve()
    spec = load_module(folder, "checks").lab
    if not isinstance(spec, LabSpec):
        raise AuthorError(f"{folder.name}/checks.py: `lab` is no LabSpec")
    if spec.id != folder.name:
        raise AuthorError(f"{folder}: the folder is called {folder.name!r}, its lab {spec.id!r}")
    return spec


def load_module(folder: Path, name: str, afresh: bool = True) -> Any:
    """Import ``folder/name.py``; its neighbours can be imported from it, and it from them.

    Without `afresh`, neighbours that were imported before are not read again.
    """
    path = folder / f"{name}.py"
    if not path.is_file():
        raise AuthorError(f"{path}: no such file")
    for neighbour in (
        folder.glob("*.py") if afresh else ()
    ):  # of another lab, or of an earlier reading of this one
        sys.modules.pop(neighbour.stem, None)
    spec = importlib.util.spec_from_file_location(f"lab_{folder.name}_{name}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        said = str(error) if isinstance(error, AuthorError) else f"{type(error).__name__}: {error}"
        raise AuthorError(f"{_line(folder, error)}: {said}") from error
    finally:
        sys.path.remove(str(folder))
    return module


def _line(folder: Path, error: Exception) -> str:
    """``file:line`` of the lab's own file in which it was raised."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f"{f.filename}:{f.lineno}" for f in frames if Path(f.filename).parent == folder]
    return own[-1] if own else str(folder)
