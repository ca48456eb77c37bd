"""Settings of the whole process that a notebook's cells change, put right before it is probed.

A probe asks one function with inputs of its own; how the notebook prints, in which folder it works
or with which precision it trains is no part of the question. What was changed is named.
"""

from __future__ import annotations

import builtins
import math
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from grader.check.text import Text, gettext

NAMES: dict[str, Text] = {
    "precision": gettext("mixed precision (keras.config.set_dtype_policy)"),
    "float": gettext("the default float type (keras.config.set_floatx)"),
    "channels": gettext("the order of an image's axes (keras.config.set_image_data_format)"),
    "eager": gettext("eager execution, switched off: most of Keras needs it, here and elsewhere"),
    "functions": gettext("tf.config.run_functions_eagerly"),
    "jit": gettext("tf.config.optimizer.set_jit"),
    "numpy": gettext("names of NumPy's or Python's own that were replaced"),
    "printing": gettext("how NumPy prints (np.set_printoptions)"),
    "errors": gettext("what NumPy does on a floating-point error (np.seterr)"),
    "warnings": gettext("warnings turned into errors"),
    "folder": gettext("the working folder (os.chdir)"),
    "recursion": gettext("the recursion limit"),
    "tracing": gettext("a tracing or profiling function"),
    "output": gettext("sys.stdout or sys.stderr"),
}
SEED = 20_260

_OWN = (builtins, np, np.random, np.linalg, math, random)

_Setting = tuple[str, bool, Callable[[], Any]]  # key of `NAMES`, whether changed, what restores


class Settings:
    """How things stood when this was made, and how to put them back."""

    def __init__(self) -> None:
        self.modules = {m: dict(vars(m)) for m in _OWN}
        self.printing, self.errors = np.get_printoptions(), np.geterr()
        self.warnings = list(warnings.filters)
        self.folder = os.getcwd()
        self.recursion = sys.getrecursionlimit()
        self.output = sys.stdout, sys.stderr

    def put_back_deleted(self) -> None:
        """Python's own names that a statement deleted: what runs the next one needs them too."""
        for name, value in self.modules[builtins].items():
            vars(builtins).setdefault(name, value)

    def put_right(self) -> list[str]:
        """Put back what was changed since, and seed what draws at random.

        Returns:
            Keys of `NAMES`: what was found changed.
        """
        found: list[str] = []
        for name, changed, restore in (*self._of_python(), *_of_keras(), *_of_tensorflow()):
            try:
                if changed:
                    restore()
                    found.append(name)
            except Exception:  # a library that a student's code has broken: probes will say so
                continue
        random.seed(SEED)
        np.random.seed(SEED)
        if "tensorflow" in sys.modules:
            import_module("tensorflow").random.set_seed(SEED)
        return list(dict.fromkeys(found))

    def _of_python(self) -> Iterator[_Setting]:
        for module, before in self.modules.items():
            now = vars(module)
            # What was added is kept: `np.int = int` is there for old code to work.
            other = {k: v for k, v in before.items() if k != "_" and now.get(k, now) is not v}
            yield "numpy", bool(other), partial(now.update, other)
        printing = np.get_printoptions() != self.printing
        yield "printing", printing, lambda: np.set_printoptions(**self.printing)
        yield "errors", np.geterr() != self.errors, lambda: np.seterr(**self.errors)
        strict = any(f[0] == "error" and f not in self.warnings for f in warnings.filters)
        yield "warnings", strict, self._warnings
        low = sys.getrecursionlimit() < self.recursion
        yield "recursion", low, lambda: sys.setrecursionlimit(self.recursion)
        traced = sys.gettrace() is not None or sys.getprofile() is not None
        yield "tracing", traced, _untraced
        yield "output", (sys.stdout, sys.stderr) != self.output, self._output
        yield "folder", _folder() != self.folder, lambda: os.chdir(self.folder)

    def _warnings(self) -> None:
        warnings.resetwarnings()
        warnings.filters[:] = self.warnings  # type: ignore[index]

    def _output(self) -> None:
        sys.stdout, sys.stderr = self.output


def _untraced() -> None:
    sys.settrace(None)
    sys.setprofile(None)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _of_keras() -> Iterator[_Setting]:
    config: Any = getattr(sys.modules.get("keras"), "config", None)
    if config is None:
        return
    yield "float", config.floatx() != "float32", lambda: config.set_floatx("float32")
    policy = config.dtype_policy().name
    yield "precision", policy != "float32", lambda: config.set_dtype_policy("float32")
    channels = config.image_data_format() != "channels_last"
    yield "channels", channels, lambda: config.set_image_data_format("channels_last")


def _of_tensorflow() -> Iterator[_Setting]:
    tf: Any = sys.modules.get("tensorflow")
    if not hasattr(tf, "executing_eagerly"):
        return

    def eager() -> None:
        tf.compat.v1.reset_default_graph()
        tf.compat.v1.enable_v2_behavior()
        tf.compat.v1.enable_eager_execution()

    yield "eager", not tf.executing_eagerly(), eager
    functions = tf.config.functions_run_eagerly()
    yield "functions", functions, lambda: tf.config.run_functions_eagerly(False)
    yield "jit", bool(tf.config.optimizer.get_jit()), lambda: tf.config.optimizer.set_jit(False)
    tf.debugging.disable_check_numerics()
