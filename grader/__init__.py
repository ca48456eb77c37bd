"""A lab kit for teaching deep learning with TensorFlow and Keras.

Students need two names, ``Lab`` and ``todo``; everything else is for instructors and authors.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["Lab", "todo"]


def __getattr__(name: str) -> Any:
    if name == "Lab":
        from grader.notebook.lab import Lab

        return Lab
    if name == "todo":
        from grader.check.observe import todo

        return todo
    raise AttributeError(f"module 'grader' has no attribute {name!r}")
