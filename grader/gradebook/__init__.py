"""Grading a class: the unit of work, the store, and what a submission came to."""
