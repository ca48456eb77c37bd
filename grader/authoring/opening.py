"""What a student notebook begins with: a badge that opens it in Colab, and a cell that sets up.

Both come from the course's ``course.toml``::

    [colab]
    repository = "owner/name"     # on GitHub, where labs/ is to be read by students
    branch = "main"               # "main" if not given
    bundle = "https://…/labs.zip" # what `grader release` wrote; the repository's latest release
                                  # (its file labs.zip) if not given

Without that table there is no badge, and a notebook on Colab asks for the bundle to be put beside it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from grader.authoring.spec import AuthorError
from grader.core.text import Lang, Text

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
KIT = "labs.zip"


@dataclass(frozen=True)
class Colab:
    """Where Colab finds notebooks and kit.

    Attributes:
        repository: ``owner/name`` on GitHub; "" if there is none.
        branch: of the repository.
        bundle: address of the zip of `grader release`, or a file beside the notebook.
    """

    repository: str = ""
    branch: str = "main"
    bundle: str = KIT

    def address(self, lang: Lang, lab: str) -> str:
        """Address that opens a lab's notebook in Colab; "" without a repository."""
        if not self.repository:
            return ""
        path = quote(f"{self.repository}/blob/{self.branch}/labs/{lang}/{lab}.ipynb")
        return f"https://colab.research.google.com/github/{path}"


def read(course: Path) -> Colab:
    """The table ``[colab]`` of a course's ``course.toml``; defaults if there is none.

    Raises:
        AuthorError: it cannot be read, or a value is not what it should be.
    """
    path = course / "course.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("colab", {})
    except FileNotFoundError:
        return Colab()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise AuthorError(f"{path}: {error}") from None
    return _checked(table, path)


def _checked(table: Any, path: Path) -> Colab:
    if not isinstance(table, Mapping):
        raise AuthorError(f"{path}: colab is a table, written [colab]")
    for name, value in table.items():
        if name not in ("repository", "branch", "bundle"):
            raise AuthorError(f"{path}, [colab]: {name!r} is unknown; repository, branch, bundle")
        if not isinstance(value, str):
            raise AuthorError(f"{path}, [colab]: {name} is a text between quotes, not {value!r}")
    repository = str(table.get("repository", ""))
    repository = repository.removeprefix("https://github.com/").removesuffix(".git").strip("/")
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise AuthorError(f'{path}, [colab]: repository = "owner/name", not {repository!r}')
    bundle = str(table.get("bundle", ""))
    if bundle and not re.fullmatch(r"https://[^\s\"'\\{}$]+", bundle):
        raise AuthorError(f"{path}, [colab]: bundle is an https:// address, not {bundle!r}")
    if not bundle and repository:
        bundle = f"https://github.com/{repository}/releases/latest/download/{KIT}"
    return Colab(repository, str(table.get("branch", "main")), bundle or KIT)


def badge(colab: Colab, lang: Lang, lab: str) -> str:
    """Markdown of the badge; "" without a repository."""
    address = colab.address(lang, lab)
    words = Text(en="Open in Colab", fr="Ouvrir dans Colab").to(lang)
    return f"[![{words}]({BADGE})]({address})" if address else ""


def setup_cell(colab: Colab, lang: Lang, interface: str) -> str:
    """Source of the first cell.

    On Colab it installs the kit; elsewhere it changes nothing. A kernel without the kit is told so
    in one line, and "Run all" stops there.

    Args:
        interface: of the lab; see `grader.core.key.interface_of`.
    """
    return _CELL.to(lang).format(bundle=colab.bundle, interface=interface)


_CELL = Text(
    en="""\
# Run this first. On Colab it installs the course's kit; anywhere else it does nothing.
import importlib.util
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("grader") is None:
    %pip install --quiet "{bundle}"
    importlib.invalidate_caches()
if importlib.util.find_spec("grader") is None:
    raise SystemExit(
        "This kernel, " + sys.executable + ", does not have the course's kit. Choose the kernel "
        "where you installed it; or put labs.zip beside this notebook and run  %pip install labs.zip"
    )
LAB_INTERFACE = "{interface}"  # which kit goes with this notebook""",
    fr="""\
# À exécuter d'abord. Sur Colab, installe le kit du cours ; ailleurs, ne fait rien.
import importlib.util
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("grader") is None:
    %pip install --quiet "{bundle}"
    importlib.invalidate_caches()
if importlib.util.find_spec("grader") is None:
    raise SystemExit(
        "Ce noyau, " + sys.executable + ", n'a pas le kit du cours. Choisissez le noyau où vous "
        "l'avez installé ; ou posez labs.zip à côté de ce notebook et exécutez  %pip install labs.zip"
    )
LAB_INTERFACE = "{interface}"  # quel kit va avec ce notebook""",
)
