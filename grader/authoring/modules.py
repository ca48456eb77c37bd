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
from grader.check.text import did_you_mean, same


def load_spec(folder: Path) -> LabSpec:
    """The lab that ``checks.py`` describes.

    Raises:
        AuthorError: there is none, it cannot be imported, or it is another folder's.
    """
    folder = folder.resolve()
    spec = declared(folder, "checks", "lab")
    if not isinstance(spec, LabSpec):
        raise AuthorError(f"{folder.name}/checks.py: `lab` is no LabSpec")
    if spec.id != folder.name:
        raise AuthorError(f"{folder}: the folder is called {folder.name!r}, its lab {spec.id!r}")
    return spec


def declared(folder: Path, module: str, name: str) -> Any:
    """What ``folder/module.py`` calls `name`.

    Raises:
        AuthorError: the file is missing, cannot be imported, or has nothing of that name.
    """
    found = vars(load_module(folder, module))
    if name not in found:
        own = [n for n in found if not n.startswith("_")]
        said = did_you_mean(name, own, same("")).en
        raise AuthorError(
            f"{folder.name}/{module}.py: nothing is called {name!r}; {said}".rstrip("; ")
        )
    return found[name]


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
        said = str(error) if isinstance(error, AuthorError) else python_error(error)
        raise AuthorError(f"{_line(folder, error)}: {said}") from error
    finally:
        sys.path.remove(str(folder))
    return module


def python_error(error: Exception) -> str:
    """An exception in a line; of a misspelt name or attribute, what was meant."""
    said = f"{type(error).__name__}: {error}"
    name, holder = getattr(error, "name", None), getattr(error, "obj", None)
    if isinstance(error, AttributeError) and name and holder is not None:
        meant = did_you_mean(name, [n for n in dir(holder) if n[0] != "_"], same("")).en
    elif isinstance(error, NameError) and name and error.__traceback__ is not None:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        meant = did_you_mean(name, [*frame.f_locals, *frame.f_globals], same("")).en
    else:
        meant = ""
    return f"{said}; {meant}" if meant and meant not in said else said


def _line(folder: Path, error: Exception) -> str:
    """``file:line`` of the lab's own file in which it was raised."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f"{f.filename}:{f.lineno}" for f in frames if Path(f.filename).parent == folder]
    return own[-1] if own else str(folder)
