"""How an observed value is held against an expected one, as data.

An expectation is pure: it takes what came and what was expected, as arrays or JSON, and returns a
`Match`. It is stored in the answer key by its kind's name, so the kinds of `Expectation` are the whole
vocabulary of both the notebook and bulk grading.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import numpy as np

from grader.check.text import Text, gettext, ngettext, same, share
from grader.check.tree import Tree

# Chance that a correct sampler is refused. LABS asks for a false-alarm rate below 1e-6.
FALSE_ALARM = 1e-7
# Chance that the draws of a known mistake are not recognised as its own; a name must be earned.
ALIKE = 1e-3


@dataclass(frozen=True)
class Match:
    """Result of a comparison.

    Attributes:
        credit: fraction of the points earned, 0 to 1.
        came: what came, in words (empty when all is well).
        figure: one number that sums it up (largest deviation, metric, p-value), or None.
    """

    credit: float
    came: Text = field(default_factory=lambda: same(""))
    figure: float | None = None

    @property
    def right(self) -> bool:
        return self.credit >= 1.0


def describe(value: Any) -> str:
    """A short form of any observed value: ``float32 (2, 3)``, ``82``, ``None``."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {tuple(value.shape)}" if value.ndim else f"{value.item():.6g}"
    if isinstance(value, dict) and len(value) == 1 and "$other" in value:
        return f"<{value['$other']}>"
    if isinstance(value, dict) and len(value) == 1 and "$big" in value:
        return f"<array {value['$big']}>"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def figure(value: float) -> Text:
    """A number as it is told: at most six digits, ``0.5`` in English, ``0,5`` in French."""
    text = f"{value:.6g}"
    return Text(en=text, fr=text.replace(".", ","))


def number_of(came: Any) -> np.ndarray | None:
    """`came` as a numeric array, or None if it is no number or array."""
    if isinstance(came, np.ndarray):
        return came
    if isinstance(came, (bool, int, float, list, np.generic)):
        try:
            array = np.asarray(came)
        except (ValueError, TypeError, OverflowError):
            return None
        return array if array.dtype.kind in "biuf" else None
    return None


def _instead(came: Any, expected: Any) -> Text:
    return gettext(
        "{came} came instead of {expected}", came=describe(came), expected=describe(expected)
    )


def shape_problem(came: np.ndarray, expected: np.ndarray) -> Text | None:
    """Say how the shapes differ, or return None if they agree."""
    if came.shape == expected.shape:
        return None
    shapes: dict[str, Any] = {"came": tuple(came.shape), "expected": tuple(expected.shape)}
    if came.shape == expected.shape[::-1] and came.ndim > 1:
        return gettext(
            "shape {came} instead of {expected}: the axes are in the opposite order", **shapes
        )
    if sorted(came.shape) == sorted(expected.shape):
        return gettext("shape {came} instead of {expected}: two axes are swapped", **shapes)
    return gettext("shape {came} instead of {expected}", **shapes)


class Close(msgspec.Struct, frozen=True, tag=str.lower, tag_field="kind"):
    """Equal up to ``atol + rtol·|expected|`` at every position; infinities and NaN must coincide.

    Nested results (a gradient's list, an object) are compared leaf by leaf.
    """

    rtol: float = 1e-4
    atol: float = 1e-5

    def match(self, came: Tree, expected: Tree) -> Match:
        want = number_of(expected)
        if want is None:
            return self._match_tree(came, expected)
        got = number_of(came)
        if got is None:
            return Match(
                0.0,
                gettext(
                    "{came} came instead of an array of shape {shape}",
                    came=describe(came),
                    shape=tuple(want.shape),
                ),
            )
        problem = shape_problem(got, want)
        if problem is not None:
            return Match(0.0, problem)
        a, b = got.astype(np.float64), want.astype(np.float64)
        good = self._agree(a, b)
        if bool(good.all()):
            return Match(1.0)
        return Match(0.0, self._where(a, b, good), _deviation(a, b))

    def _agree(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Position by position; `numpy.isclose` says the same, ten times as slowly."""
        with np.errstate(invalid="ignore"):
            near: np.ndarray = np.abs(a - b) <= self.atol + self.rtol * np.abs(b)
            if not near.all() or not np.isfinite(b).all():
                near = (near & np.isfinite(b)) | (a == b) | (np.isnan(a) & np.isnan(b))
        return near

    def equals(self, came: Tree, expected: Tree) -> bool:
        """Whether `match` finds it right; quicker, for it does not say where it is not."""
        got, want = number_of(came), number_of(expected)
        if got is None or want is None:
            return self.match(came, expected).right
        if got.shape != want.shape:
            return False
        return bool(self._agree(got.astype(np.float64), want.astype(np.float64)).all())

    def _match_tree(self, came: Tree, expected: Tree) -> Match:
        if isinstance(expected, dict) and isinstance(came, dict):
            pairs = [(k, came.get(k), v) for k, v in expected.items()]
        elif isinstance(expected, list) and isinstance(came, list) and len(came) == len(expected):
            pairs = [(str(i), c, v) for i, (c, v) in enumerate(zip(came, expected, strict=True))]
        elif isinstance(expected, (str, type(None))) and type(came) is type(expected):
            if came == expected:
                return Match(1.0)
            return Match(0.0, _instead(came, expected))
        else:
            return Match(0.0, _instead(came, expected))
        for name, got, want in pairs:
            found = self.match(got, want)
            if not found.right:
                return Match(0.0, same(f"[{name}] ") + found.came, found.figure)
        return Match(1.0)

    def _where(self, a: np.ndarray, b: np.ndarray, good: np.ndarray) -> Text:
        bad = ~good
        if np.isnan(a[bad]).any() and not np.isnan(b[bad]).all():
            return gettext("{n} of {size} values are NaN", n=int(np.isnan(a).sum()), size=a.size)
        if a.size == 1:
            came, expected = (
                same(f"{x:.0f}") if x == np.round(x) and abs(x) < 1e15 else figure(x)
                for x in (a.item(), b.item())
            )
            return gettext("{came} came instead of {expected}", came=came, expected=expected)
        with np.errstate(invalid="ignore"):
            gap = np.where(bad, np.nan_to_num(np.abs(a - b), nan=np.inf), -1.0)
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), gap.shape))
        return ngettext(
            "{n} of {size} values differs, at {at}: {came} instead of {expected}",
            "{n} of {size} values differ, most at {at}: {came} instead of {expected}",
            int(bad.sum()),
            size=a.size,
            at=list(at),
            came=figure(a[at]),
            expected=figure(b[at]),
        )


def _deviation(a: np.ndarray, b: np.ndarray) -> float | None:
    with np.errstate(invalid="ignore"):
        gap = float(np.max(np.abs(a - b))) if a.size else 0.0
    return gap if math.isfinite(gap) else None


class Exact(msgspec.Struct, frozen=True, tag=str.lower, tag_field="kind"):
    """Equal to the last bit: integers, counts, names, token sequences."""

    def match(self, came: Tree, expected: Tree) -> Match:
        return Close(rtol=0.0, atol=0.0).match(came, expected)


class Distribution(msgspec.Struct, frozen=True, tag=str.lower, tag_field="kind"):
    """Draws of whole numbers follow given probabilities.

    `came` holds n draws (any shape); `expected` the probabilities of 0, 1, …, or, for a
    misconception, draws of its own. Pearson's chi-square test, cells with an expected count below
    5 pooled; one draw of an impossible outcome refuses. A right sampler fails with probability
    `FALSE_ALARM`.

    Args:
        support: number of possible outcomes.
        draws: how many draws there must be; any number if 0. The compiler fills it in: too few
            draws show nothing.
    """

    support: int = 2
    draws: int = 0

    def match(self, came: Tree, expected: Tree) -> Match:
        draws, want = number_of(came), number_of(expected)
        if draws is None or want is None or draws.size == 0:
            return Match(
                0.0,
                gettext("{c} came, not draws", c=describe(came)),
            )
        flat = draws.astype(np.float64).ravel()
        if self.draws and flat.size != self.draws:
            return Match(
                0.0,
                gettext("{n} draws came instead of {m}", n=flat.size, m=self.draws),
            )
        if not np.all(np.isfinite(flat)) or np.any(flat != np.round(flat)):
            return Match(
                0.0,
                gettext("the draws are not whole numbers"),
            )
        if flat.min() < 0 or flat.max() >= self.support:
            return Match(
                0.0,
                gettext(
                    "a draw is {x}, outside 0 to {top}",
                    x=int(flat.min() if flat.min() < 0 else flat.max()),
                    top=self.support - 1,
                ),
            )
        counts = np.bincount(flat.astype(np.int64), minlength=self.support).astype(np.float64)
        if want.dtype.kind == "f" and want.shape == (self.support,):
            return self._against(counts, want.astype(np.float64))
        return Match(1.0 if self.alike(came, expected) else 0.0)

    def _against(self, counts: np.ndarray, p: np.ndarray) -> Match:
        from scipy.special import chdtrc  # scipy.stats takes a second to import

        n = counts.sum()
        impossible = np.flatnonzero((p <= 0) & (counts > 0))
        if impossible.size:
            i = int(impossible[0])
            return Match(
                0.0,
                gettext("outcome {i} came {k} times and should never come", i=i, k=int(counts[i])),
            )
        possible = p > 0
        seen, mean = counts[possible], n * p[possible] / p.sum()
        order = np.argsort(mean)
        seen, mean = seen[order], mean[order]
        small = int(np.searchsorted(np.cumsum(mean), 5.0)) + 1 if mean[0] < 5 else 0
        if small:
            seen = np.concatenate([[seen[:small].sum()], seen[small:]])
            mean = np.concatenate([[mean[:small].sum()], mean[small:]])
        if len(seen) == 1:
            return Match(1.0, figure=1.0)
        statistic = float(((seen - mean) ** 2 / mean).sum())
        level = float(chdtrc(len(seen) - 1, statistic))
        if level >= FALSE_ALARM:
            return Match(1.0, figure=level)
        frequency, worst = counts / n, int(np.argmax(np.abs(counts / n - p / p.sum())))
        return Match(
            0.0,
            gettext(
                "outcome {i} came in {f} of {n} draws instead of {p}",
                i=worst,
                f=share(float(frequency[worst])),
                n=int(n),
                p=share(float(p[worst] / p.sum())),
            ),
            level,
        )

    def alike(self, came: Tree, theirs: Tree) -> bool:
        """Whether two sets of draws, right or wrong, come from one distribution and are as many.

        This recognises a misconception, whose draws may lie outside the support or be too few.
        """
        from scipy.special import chdtrc

        draws, others = number_of(came), number_of(theirs)
        if draws is None or others is None or draws.size != others.size or not draws.size:
            return Close().equals(came, theirs)
        both = np.concatenate([draws.ravel(), others.ravel()]).astype(np.float64)
        if np.any(both != np.round(both)):  # not draws of whole numbers, NaN among them
            return Close().equals(came, theirs)
        outcomes, index = np.unique(both, return_inverse=True)
        if len(outcomes) == 1:
            return True
        halves = np.split(index, 2)
        table = np.stack([np.bincount(half, minlength=len(outcomes)) for half in halves])
        rare = table.sum(axis=0) < 10
        if table[:, rare].sum() > 0.1 * table.sum():  # too few or too scattered for a test
            return Close().equals(came, theirs)
        mean = np.broadcast_to(table.mean(axis=0), table.shape)
        statistic = float(((table - mean) ** 2 / mean).sum())
        return bool(chdtrc(len(outcomes) - 1, statistic) > ALIKE)


def _accuracy(came: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(came == labels))


def _exact_match(came: np.ndarray, labels: np.ndarray) -> float:
    rows = len(labels)
    return float(np.mean((came.reshape(rows, -1) == labels.reshape(rows, -1)).all(axis=1)))


def _balanced_accuracy(came: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean([np.mean(came[labels == c] == c) for c in np.unique(labels)]))


def _mean_squared_error(came: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean((came.astype(np.float64) - labels.astype(np.float64)) ** 2))


def _mean(came: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(came))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": _accuracy,
    "exact_match": _exact_match,
    "balanced_accuracy": _balanced_accuracy,
    "mean_squared_error": _mean_squared_error,
    "mean": _mean,
}


METRIC_NAMES: dict[str, Text] = {
    "accuracy": gettext("accuracy"),
    "exact_match": gettext("exact match"),
    "balanced_accuracy": gettext("balanced accuracy"),
    "mean_squared_error": gettext("mean squared error"),
    "mean": gettext("mean"),
}


class Metric(msgspec.Struct, frozen=True, tag=str.lower, tag_field="kind"):
    """A metric of predictions against labels, with marks that grow from `floor` to `target`.

    Args:
        name: ``accuracy`` (share of equal elements), ``exact_match`` (share of rows equal
            throughout), ``balanced_accuracy`` (mean recall over classes), ``mean_squared_error``,
            or ``mean`` (of the values that came, labels unused).
        floor: no points here, or worse.
        target: full points here, or better. Below `floor` if less is better.
    """

    name: str = "accuracy"
    floor: float = 0.0
    target: float = 1.0

    def match(self, came: Tree, expected: Tree) -> Match:
        got, labels = number_of(came), number_of(expected)
        labels = np.zeros(0) if labels is None else labels
        if got is None:
            return Match(
                0.0,
                gettext("{c} came, not predictions", c=describe(came)),
            )
        if self.name != "mean":
            problem = shape_problem(got, labels)
            if problem is not None:
                return Match(0.0, problem)
        value = METRICS[self.name](got, labels) if got.size else math.nan
        if not math.isfinite(value):
            return Match(
                0.0,
                gettext("the {name} is not a finite number", name=METRIC_NAMES[self.name]),
            )
        share = (value - self.floor) / (self.target - self.floor)
        credit = min(1.0, max(0.0, share))
        return Match(
            credit,
            ngettext(
                "{name} {value} on {n} example (target {target}, no points at {floor})",
                "{name} {value} on {n} examples (target {target}, no points at {floor})",
                len(got) if got.ndim else 1,
                name=METRIC_NAMES[self.name],
                value=figure(round(value, 4)),
                target=figure(self.target),
                floor=figure(self.floor),
            ),
            value,
        )


class Between(msgspec.Struct, frozen=True, tag=str.lower, tag_field="kind"):
    """A number in ``[low, high]``; nothing else is looked at."""

    low: float = 0.0
    high: float = 1.0

    def match(self, came: Tree, expected: Tree) -> Match:
        got = number_of(came)
        if got is None or got.size != 1:
            return Match(
                0.0,
                gettext("{c} came, not a number", c=describe(came)),
            )
        value = float(got.item())
        if self.low <= value <= self.high:
            return Match(1.0, figure=value)
        return Match(
            0.0,
            gettext(
                "{v}, outside {low} to {high}",
                v=figure(value),
                low=figure(self.low),
                high=figure(self.high),
            ),
            value,
        )


class Raises(msgspec.Struct, frozen=True, tag=str.lower, tag_field="kind"):
    """Bad input was refused by raising `error` or a subclass.

    `came` is what a ``raises`` step brings back: ``{RAISED: whether it did, "class", "value"}``.
    """

    RAISED: ClassVar[str] = "$raised"

    error: str = "ValueError"

    def match(self, came: Tree, expected: Tree) -> Match:
        if not isinstance(came, dict) or self.RAISED not in came:
            return Match(0.0, gettext("what came back could not be read"))
        if came[self.RAISED] is True:
            return Match(1.0)
        if came.get("class"):
            return Match(
                0.0,
                gettext(
                    "raised {came}, a {error} was asked for",
                    came=describe(came["class"]).strip("'"),
                    error=self.error,
                ),
            )
        value = describe(came.get("value"))
        return Match(0.0, gettext("{v} came, a {error} was asked for", v=value, error=self.error))


Expectation = Close | Exact | Distribution | Metric | Between | Raises
