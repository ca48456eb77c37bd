"""What a student predicts before a run, and what the run answers. Never graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.check.answers import numbers_in, readings
from grader.check.text import Text, gettext, ngettext, quantity, same

WITHIN = 0.05  # of a number that came: as close as a prediction by hand has to be


@dataclass
class Prediction:
    """One prediction.

    Attributes:
        said: what was predicted; None if nothing was.
        came: what the run gave; None before it.
        right: whether the two agree; None while one is missing.
        after: nothing had been predicted when the run first answered.
    """

    said: Any = None
    came: Any = None
    right: bool | None = None
    after: bool = False


def seal(made: dict[str, Prediction], id: str, value: Any) -> Text:
    """Note a prediction, unless the run has answered it."""
    known = made.setdefault(id, Prediction())
    if value is None:
        return gettext("… prediction: put yours in place of None before you go on")
    if known.came is None:
        known.said = value
        return gettext("prediction noted: {v}", v=_said(value))
    if known.said is None:
        known.said, known.after = value, True
    if _said(known.said) != _said(value):
        return gettext("the run has answered: your prediction stays {v}", v=_said(known.said))
    return gettext("prediction: {v}", v=_said(value))


def answer(made: dict[str, Prediction], id: str, came: Any, why: str, within: float | None) -> Text:
    """Hold a prediction against what came."""
    known = made.setdefault(id, Prediction())
    known.came = came
    if known.said is None:
        return gettext("came: {v}; you had predicted nothing", v=_said(came))
    known.right = _agree(known.said, came, within)
    if known.right:
        return gettext("✓ predicted: {p}; came: {v}", p=_said(known.said), v=_said(came))
    text = gettext("✗ predicted: {p}; came: {v}", p=_said(known.said), v=_said(came))
    return text + same(f" → {why}") if why else text


def summary(made: dict[str, Prediction]) -> Text | None:
    """How well one predicts, in a line; None before the first answer."""
    answered = [p for p in made.values() if p.right is not None and not p.after]
    if not answered:
        return None
    right = sum(bool(p.right) for p in answered)
    return ngettext(
        "predictions: {r} right of {n} (not graded)",
        "predictions: {r} right of {n} (not graded)",
        len(answered),
        r=right,
    )


def _agree(said: Any, came: Any, within: float | None) -> bool:
    if isinstance(came, str):
        return bool({*readings(said, "choice")} & {*readings(came, "choice")})
    wanted = np.ravel(came)
    given = said if isinstance(said, (list, tuple, np.ndarray)) else [said]
    if len(given) != len(wanted):
        return False
    return all(_near(g, float(w), within) for g, w in zip(np.ravel(given), wanted, strict=True))


def _near(given: Any, came: float, within: float | None) -> bool:
    room = abs(came) * WITHIN if came != round(came) or abs(came) > 1000 else 0.0
    room = room if within is None else within
    return any(abs(number - came) <= room + 1e-9 for number in numbers_in(given))


def _said(value: Any) -> Text:
    if isinstance(value, str):
        return same(value[:60])
    if isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim):
        parts = [_said(v) for v in list(value)[:12]]
        return Text(en=", ".join(p.en for p in parts), fr=" ; ".join(p.fr for p in parts))
    try:
        return quantity(float(value))
    except (TypeError, ValueError):
        return same(str(value)[:60])
