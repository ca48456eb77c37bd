"""IPython without a screen, for a run that nobody watches: graded, or in ``lab.selfcheck()``.

What works where students work must not cost points because it cannot run here. A statement that
raises does not end its cell; lines for the shell and extensions do nothing; Colab's modules are
there and do no harm; whoever waits for somebody to type is told that nobody does.
"""

from __future__ import annotations

import ast
import bdb
import builtins
import pdb
import re
import sys
import warnings
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT, PyCF_ONLY_AST
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets.config import Config

from grader.notebook import session

Step = Callable[[ast.stmt, Callable[[], Awaitable[Any]]], Awaitable[None]]

_SILENT_LINES = ("pip", "conda", "mamba", "uv", "matplotlib", "cd", "load_ext", "reload_ext",
                 "pylab", "config", "autoreload", "debug", "pdb", "system", "sx")  # fmt: skip
_SILENT_CELLS = ("bash", "sh", "shell", "script", "system", "sx", "!", "debug")
_OF_PYTHON = ("time", "timeit", "capture", "prun")  # magics whose cell is Python
_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*\n?")
_BEGINS = re.compile(r"(?!(?:else|elif|except|finally)\b)[^\s#)\]}]")  # a statement of a cell
_LOOK_AHEAD = 20  # lines without indentation that one statement may have (in a string)
_LONG = 30_000  # characters; a longer cell that does not parse is given up
INPUTS = 10  # calls of input() that a statement or a probe may make: a menu would go on for ever


class NobodyThere(EOFError):
    """An ``"input"`` or a ``"debugger"`` waits for a person to type."""


class Shell(InteractiveShell):
    """An IPython shell that goes on after a statement that failed.

    Attributes:
        step: runs one statement: called with it and with what runs it, once for each.
    """

    step: Step | None = None

    async def run_ast_nodes(
        self, nodelist: list[ast.stmt], cell_name: str, interactivity: str = "last_expr",
        compiler: Any = compile, result: Any = None,
    ) -> bool:  # fmt: skip
        """See IPython; each statement by itself, in turn."""
        run_nodes = super().run_ast_nodes
        nodes = [part for node in nodelist for part in _apart(node)]
        for number, node in enumerate(nodes, start=1):
            shown = interactivity if number == len(nodes) else "none"

            async def run(node: ast.stmt = node, shown: str = shown) -> Any:
                await run_nodes([node], cell_name, shown, compiler, result)
                error = result.error_before_exec or result.error_in_exec
                result.error_before_exec = result.error_in_exec = None
                return error

            if self.step is None:
                if await run() is not None:
                    return True
            else:
                await self.step(node, run)
        return False

    def transform_cell(self, raw_cell: str) -> str:
        """See IPython; a magic in front of a whole cell of Python does not keep it together."""
        found = _CELL_MAGIC.match(raw_cell)
        if found:
            known = found[1] in (*_OF_PYTHON, *_SILENT_CELLS)
            body = "\n" * raw_cell.count("\n", 0, found.end()) + raw_cell[found.end() :]
            if found[1] in _OF_PYTHON:
                raw_cell = body
            elif not known and self.find_cell_magic(found[1]) is None:
                session.current.notice("magic", f"%%{found[1]}")
                raw_cell = body if is_python(body) else ""
        return raw_cell if is_python(raw_cell) else str(super().transform_cell(raw_cell))

    def parts(self, source: str) -> list[str]:
        """A cell in one piece; if it does not parse, in pieces: what parses is run.

        Lines keep their numbers.
        """
        if len(source) > _LONG or is_python(self.transform_cell(source)):
            return [source]
        lines = source.split("\n")
        starts = [i for i, line in enumerate(lines) if _BEGINS.match(line)]
        ends = [*starts[1:], len(lines)]
        found, at = [], 0
        while at < len(starts):
            first, last = starts[at], at
            for end in range(at, min(at + _LOOK_AHEAD, len(starts))):
                piece = "\n" * first + "\n".join(lines[first : ends[end]])
                if is_python(self.transform_cell(piece)):
                    last = end
                    break
            found.append("\n" * first + "\n".join(lines[first : ends[last]]))
            at = last + 1
        return found or [source]

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """See IPython; a magic that is not known does nothing."""
        if magic_name in _SILENT_LINES or self.find_line_magic(magic_name) is None:
            session.current.notice("magic", f"%{magic_name}")
            return None
        return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """See IPython; what is for a shell does nothing."""
        if magic_name not in _SILENT_CELLS:
            return super().run_cell_magic(magic_name, line, cell)
        return None

    def system(self, cmd: str) -> None:
        """There is no shell here."""

    system_raw = system_piped = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """There is no shell here; whoever looks at the first line of nothing finds it empty."""
        return SList([""]) if split else ""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """What failed is reported, not printed."""

    showsyntaxerror = showtraceback


def _apart(node: ast.stmt) -> list[ast.stmt]:
    """``import a, b`` as two statements: what is missing takes nothing with it."""
    if not isinstance(node, ast.Import) or len(node.names) == 1:
        return [node]
    return [ast.copy_location(ast.Import([name]), node) for name in node.names]


def is_python(cell: str) -> bool:
    """Whether a cell is Python as it stands, so that IPython would find nothing to transform."""
    with warnings.catch_warnings(action="ignore"):  # they come when it is run
        try:
            compile(cell, "<cell>", "exec", PyCF_ONLY_AST | PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def headless() -> Shell:
    """The shell of this process, made once: no history file, no shell commands, no pip."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor" if hasattr(InteractiveShell, "colors") else None
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.xmode = "Minimal"
    shell: Any = Shell.instance(config=config)

    shell._tee = lambda channel: nullcontext()  # IPython would keep all that is printed
    shell.set_custom_exc((), None)
    made: Shell = shell
    return made


# ------------------------------------------------------------------ whoever waits for a person


class Typing:
    """`input()` answers with nothing, a few times; a debugger ends where it begins."""

    def __init__(self) -> None:
        self.left = INPUTS
        builtins.input = self.input
        sys.breakpointhook = self.debugger
        debuggers: tuple[Any, ...] = (pdb, bdb.Bdb)
        for debugger in debuggers:
            debugger.set_trace = self.debugger

    def again(self) -> None:
        """Another statement, another probe."""
        self.left = INPUTS

    def input(self, prompt: object = "", /) -> str:
        self.left -= 1
        if self.left < 0:
            raise NobodyThere("input")
        return ""

    def debugger(self, *args: Any, **kwargs: Any) -> None:
        raise NobodyThere("debugger")


# ------------------------------------------------------------------ Colab's modules


class _Nothing:
    """Can be called, entered and looked into; nothing happens."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        return None

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing()

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        return None


class _Colab(ModuleType):
    """``google.colab`` or a module of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ == "google.colab":
            return import_module(f"{self.__name__}.{name}")
        return _Nothing()


class ColabFinder(MetaPathFinder, Loader):
    """Finds ``google.colab`` and what is in it where Colab is not."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname == "google":
            # Asked last: no other package of Google's is installed.
            return ModuleSpec(fullname, self, is_package=True)
        if fullname != "google.colab" and not fullname.startswith("google.colab."):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return ModuleType(spec.name) if spec.name == "google" else _Colab(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == "google.colab.files":
            vars(module)["upload"] = lambda *args, **kwargs: {}
        elif module.__name__ == "google.colab.userdata":
            vars(module)["get"] = lambda *args, **kwargs: ""


def stand_ins() -> None:
    """Make Colab's modules importable."""
    if not any(isinstance(finder, ColabFinder) for finder in sys.meta_path):
        sys.meta_path.append(ColabFinder())
