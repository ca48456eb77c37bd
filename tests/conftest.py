"""What takes long begins first, so that no worker ends with it while others are idle."""

import pytest

FIRST = (
    "test_habits",
    "test_hostile_labs",
    "test_hostile_cells",
    "test_review_page",
    "test_tp1_judge",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: FIRST.index(name) if (name := item.path.stem) in FIRST else len(FIRST)
    )
