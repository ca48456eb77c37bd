"""The libraries that read and write notebooks, imported quickly (`grader.check.lean`)."""

from grader.check.lean import lean

with lean():
    import jupytext
    import nbformat

__all__ = ["jupytext", "nbformat"]
