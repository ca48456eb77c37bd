"""What a student notebook begins with: a badge that opens it in Colab, and a cell that sets up.

Both come from the table ``[colab]`` of ``course.toml`` (`grader.gradebook.settings.ColabSettings`).
Without it there is no badge, and a notebook on Colab asks for the bundle to be put beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from grader.authoring.spec import AuthorError
from grader.check.text import Lang, gettext

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
        AuthorError: the file cannot be used.
    """
    from grader.gradebook.keys import lab_ids
    from grader.gradebook.settings import SettingsError, load_settings

    try:
        given = load_settings(course, lab_ids(course)).colab
    except SettingsError as error:
        raise AuthorError(str(error)) from None
    latest = f"https://github.com/{given.repository}/releases/latest/download/{KIT}"
    bundle = given.bundle or (latest if given.repository else KIT)
    return Colab(given.repository, given.branch, bundle)


def badge(colab: Colab, lang: Lang, lab: str) -> str:
    """Markdown of the badge; "" without a repository."""
    address = colab.address(lang, lab)
    words = gettext("Open in Colab").to(lang)
    return f"[![{words}]({BADGE})]({address})" if address else ""


def setup_cell(colab: Colab, lang: Lang, interface: str) -> str:
    """Source of the first cell.

    On Colab it installs the kit; elsewhere it changes nothing. A kernel without the kit is told so
    in one line, and "Run all" stops there.

    Args:
        interface: of the lab; see `grader.check.key.interface_of`.
    """
    absent = "" if "://" in colab.bundle else _ABSENT.to(lang).format(bundle=colab.bundle)
    return _CELL.to(lang).format(absent=absent, bundle=colab.bundle, interface=interface)


# A bundle that is a file is put beside the notebook by hand.
_ABSENT = gettext("""\
    if not os.path.exists("{bundle}"):
        raise SystemExit("Put {bundle} into Colab's files (the folder on the left), then run this again.")
""")
_CELL = gettext("""\
#@title Run this first: on Colab it installs the course's kit, elsewhere it does nothing.
import importlib.util
import os
import sys

if "google.colab" in sys.modules and not importlib.util.find_spec("grader"):
{absent}    %pip install --quiet "{bundle}"
    importlib.invalidate_caches()
if not importlib.util.find_spec("grader"):
    raise SystemExit(
        f"This kernel ({{sys.executable}}) lacks the course's kit. Change kernel, "
        "or put labs.zip beside the notebook and run:  %pip install labs.zip"
    )
LAB_INTERFACE = "{interface}"  # the kit that goes with this notebook""")
