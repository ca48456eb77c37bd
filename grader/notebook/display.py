"""Verdicts as lines of text and as HTML: every colour has a symbol and a word beside it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from grader.check.judge import Verdict
from grader.check.key import Key
from grader.check.text import Text, gettext, number

_LABEL = 60  # characters; longer titles push their message to the right

SYMBOLS: dict[str, str] = {
    "right": "✓", "carried": "✓", "partial": "◐", "wrong": "✗", "error": "✗", "forbidden": "✗",
    "limit": "✗", "todo": "…", "missing": "…", "pending": "◔",
}  # fmt: skip
WORDS: dict[str, Text] = {
    "right": gettext("right"),
    "carried": gettext("right in itself"),
    "partial": gettext("partly right"),
    "wrong": gettext("not right"),
    "error": gettext("error"),
    "forbidden": gettext("not allowed"),
    "limit": gettext("stopped"),
    "todo": gettext("not done yet"),
    "missing": gettext("not there yet"),
    "pending": gettext("pending"),
}
# White on each is at least 4.5:1, whatever the theme behind; never the only sign.
_TONES = {"✓": "#1a7f37", "◐": "#9a6700", "✗": "#cf222e", "…": "#656d76", "◔": "#656d76"}


def html_of(text: str) -> str:
    """`text` escaped for HTML; what stands between backticks is code; no line breaks before « ; »."""
    code = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r" ([:;!?»])(?=\s|$)", "\u00a0\\1", code).replace("« ", "«\u00a0")


def size(n: int) -> Text:
    """A number of bytes as people read it."""
    if n < 1_000_000:
        return gettext("{n} kB", n=max(1, round(n / 1000)))
    return Text(en=f"{n / 1e6:.1f} MB", fr=f"{n / 1e6:.1f} Mo".replace(".", ","))


@dataclass(frozen=True)
class Row:
    """One verdict, ready to be shown.

    Attributes:
        group: the exercise, if it has several checks: a heading over its rows.
        details: what goes below the line: the mistake, in words.
        help: folded: where to look next; level by level.
    """

    symbol: str
    word: str
    label: str
    points: str
    message: str
    details: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    picture: str = ""
    group: str = ""


def row(verdict: Verdict, key: Key, lang: str, picture: str = "", alone: bool = False) -> Row:
    """A verdict in the notebook's language.

    Args:
        alone: it is shown without others of its exercise, so that this needs no heading.
    """
    exercise = key.exercise(verdict.exercise)
    title = f"{exercise.number} {exercise.title.to(lang)}"
    several = len(key.of_exercise(exercise.id)) > 1 and not alone
    if alone and len(key.of_exercise(exercise.id)) > 1:
        title = f"{exercise.number} {verdict.title.to(lang)}"
    idle = verdict.status in ("todo", "missing", "pending")
    earned = number(verdict.points, lang)
    first, *more = verdict.message.to(lang).split(" → ")
    asked = verdict.asked.to(lang)
    if asked and verdict.status in ("wrong", "partial", "error"):
        first = f"{asked} — {first}" if first else asked
    help_: list[str] = []
    if not idle and verdict.status != "right":
        help_ = [t for t in (verdict.hint.to(lang), exercise.read.to(lang)) if t]
    return Row(
        SYMBOLS[verdict.status],
        WORDS[verdict.status].to(lang),
        verdict.title.to(lang) if several else title,
        "–" if idle else f"{earned}/{number(verdict.max_points, lang)}",
        first,
        tuple(more),
        tuple(help_),
        picture,
        title if several else "",
    )


class Shown:
    """Something that is text, and HTML in Jupyter."""

    def html(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


_HELP = (gettext("hint"), gettext("read again"))


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """Rows as text, and as HTML in Jupyter."""

    rows: Sequence[Row]
    lang: str = "en"
    heading: str = ""
    footer: str = ""

    def __str__(self) -> str:
        width = min(_LABEL, max((len(r.label) + 2 * bool(r.group) for r in self.rows), default=0))
        points = max((len(r.points) for r in self.rows), default=0)
        colon = " :" if self.lang == "fr" else ":"
        lines = [self.heading] if self.heading else []
        group = ""
        for r in self.rows:
            if r.group and r.group != group:
                lines.append(r.group)
            group = r.group
            indent = "  " if r.group else ""
            label = f"{r.label:<{width - len(indent)}}"
            lines.append(f"{indent}{r.symbol} {label}  {r.points:>{points}}   {r.message}".rstrip())
            lines += [f"{indent}    → {d}" for d in r.details]
            lines += [
                f"{indent}      {name.to(self.lang)}{colon} {text}"
                for name, text in zip(_HELP, r.help, strict=False)
            ]
        return "\n".join([*lines, self.footer] if self.footer else lines)

    def html(self) -> str:
        parts = [f'<div class="lab-report" lang="{self.lang}" style="{_BOX}">']
        if self.heading:
            parts.append(f"<div><strong>{html_of(self.heading)}</strong></div>")
        group = ""
        for r in self.rows:
            if r.group and r.group != group:
                parts.append(
                    f'<div style="margin-top:.4em"><strong>{escape(r.group)}</strong></div>'
                )
            group = r.group
            parts.append(self._row_html(r))
        if self.footer:
            parts.append(f'<div style="margin-top:.4em">{html_of(self.footer)}</div>')
        return "".join([*parts, "</div>"])

    def _row_html(self, r: Row) -> str:
        tone, tag = _TONES[r.symbol], "span" if r.group else "strong"
        parts = [
            f'<div style="border-left:4px solid {tone};padding:.15em .7em;margin:.25em 0">',
            '<div style="display:flex;flex-wrap:wrap;gap:0 1em;align-items:baseline">',
            f'<span style="min-width:15em"><b style="{_BADGE};background:{tone}" aria-hidden="true">'
            f"{r.symbol}</b> <{tag}>{escape(r.label)}</{tag}></span>",
            f'<span>{escape(r.points)} <span style="opacity:.8">({escape(r.word)})</span></span>',
            f"<span>{html_of(r.message)}</span>" if r.message else "",
            "</div>",
        ]
        parts += [f'<div style="margin-left:1.4em">→ {html_of(d)}</div>' for d in r.details]
        for name, text in zip(_HELP, r.help, strict=False):
            parts.append(
                f'<details style="margin-left:1.4em"><summary style="cursor:pointer">'
                f"{escape(name.to(self.lang))}</summary>{html_of(text)}</details>"
            )
        parts.append(r.picture)
        return "".join([*parts, "</div>"])


_BADGE = "color:#fff;border-radius:3px;padding:0 .35em"
_BOX = "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:14px;line-height:1.45"


@dataclass(frozen=True)
class Part:
    """One exercise in the bar over the lab."""

    label: str
    earned: float
    worth: float
    seen: bool
    bonus: float = 0.0


@dataclass(frozen=True, repr=False)
class Progress(Shown):
    """A bar over the lab, with points."""

    parts: Sequence[Part]
    title: str
    lang: str = "en"
    footer: str = ""
    width: int = field(default=24)

    @property
    def earned(self) -> float:
        return sum(p.earned for p in self.parts)

    @property
    def worth(self) -> float:
        return sum(p.worth for p in self.parts)

    def _sum(self) -> str:
        text = f"{number(self.earned, self.lang)}/{number(self.worth, self.lang)}"
        bonus = sum(p.bonus for p in self.parts)
        return text + (f" + {number(bonus, self.lang)} bonus" if bonus else "")

    def _bar(self, part: Part, width: int) -> str:
        if not part.worth:
            return " " * width
        full = round(width * part.earned / part.worth)
        return "█" * full + "░" * (width - full)

    def _points(self, part: Part) -> str:
        earned = number(part.earned, self.lang) if part.seen else "–"
        bonus = f"+{number(part.bonus, self.lang)}" if part.bonus else ""
        if not part.worth:
            return bonus or "–"
        return f"{earned}/{number(part.worth, self.lang)} {bonus}".rstrip()

    def __str__(self) -> str:
        label = max((len(p.label) for p in self.parts), default=0)
        whole = self._bar(Part("", self.earned, self.worth, True), self.width)
        lines = [f"{self.title}   {whole}  {self._sum()}"]
        lines += [
            f"  {p.label:<{label}}  {self._bar(p, 10)}  {self._points(p)}" for p in self.parts
        ]
        return "\n".join([*lines, self.footer] if self.footer else lines)

    def html(self) -> str:
        def bar(earned: float, worth: float, label: str, width: str) -> str:
            return (
                f'<progress style="width:{width};vertical-align:middle" value="{earned:g}" '
                f'max="{worth or 1:g}" aria-label="{escape(label, quote=True)}"></progress>'
            )

        rows = "".join(
            f'<tr><th scope="row" style="text-align:left;font-weight:normal">{escape(p.label)}</th>'
            f"<td>{bar(p.earned, p.worth, p.label, '8em') if p.worth else ''}</td>"
            f'<td style="text-align:right">{self._points(p)}</td></tr>'
            for p in self.parts
        )
        return (
            f'<div class="lab-report" lang="{self.lang}" style="{_BOX}">'
            f"<strong>{escape(self.title)}</strong> "
            f"{bar(self.earned, self.worth, self.title, '16em')} <strong>{self._sum()}</strong>"
            f"<table>{rows}</table>"
            + "".join(f"<div>{html_of(line)}</div>" for line in self.footer.splitlines())
            + "</div>"
        )


@dataclass(frozen=True, repr=False)
class Note(Shown):
    """One calm line; `link` (file, words) is offered for download where there is a browser."""

    text: str
    html_text: str = ""

    def __str__(self) -> str:
        return self.text

    def html(self) -> str:
        html = self.html_text or "<br>".join(html_of(line) for line in self.text.splitlines())
        return f'<div class="lab-note" style="{_BOX}">{html}</div>'


# ------------------------------------------------------------------ where to


def shell() -> Any:
    """The running IPython shell, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Whether what is shown can be HTML (Jupyter, Colab, VS Code)."""
    return getattr(shell(), "kernel", None) is not None


def show(thing: Any) -> None:
    """Show a report: HTML where it can be, text elsewhere."""
    if in_notebook():
        from IPython.display import display

        display(thing)
    else:
        print(str(thing))


def namespace() -> Mapping[str, Any]:
    """The notebook's names; outside IPython, those of the script that runs."""
    running = shell()
    names: Mapping[str, Any] = vars(sys.modules["__main__"]) if running is None else running.user_ns
    return names


def cells() -> list[str]:
    """Sources of the cells that were run, as typed, oldest first; empty outside IPython."""
    running = shell()
    if running is None:
        return []
    manager = getattr(running, "history_manager", None)
    history: Iterable[Any] = getattr(manager, "input_hist_raw", None) or running.user_ns.get(
        "In", []
    )
    return [str(c) for c in history if c]
