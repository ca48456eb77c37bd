"""The libraries that read and write notebooks, imported quickly (`grader.core.lean`)."""

from grader.core.lean import lean

with lean():
    import jupytext
    import nbformat

__all__ = ["jupytext", "nbformat"]
