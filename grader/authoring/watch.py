"""A lab while it is written: rebuilt at each change, shown as a student sees it, with its checks' verdicts."""

from __future__ import annotations

import html
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from nbformat.v4 import new_output

from grader.authoring.build import build, paths
from grader.authoring.source import LoadedLab, load_lab, run_source
from grader.authoring.spec import AuthorError, Mutant
from grader.check.judge import Evidence, Verdict, judge
from grader.check.key import Key
from grader.check.observe import Made
from grader.check.text import LANGS, Lang
from grader.notebook import display, session
from grader.notebook.checking import observe_check

PAUSE = 0.5  # seconds between two looks at the files
REFRESH = 3  # seconds after which the page is read again
# What was unfolded stays so when the page is read again.
_UNFOLDED = """<script>
document.querySelectorAll("details").forEach((fold, i) => {
  fold.open ||= !!sessionStorage["fold" + i];
  fold.ontoggle = () => { sessionStorage["fold" + i] = fold.open ? "open" : ""; };
});
</script></body>"""


@dataclass(frozen=True)
class Tried:
    """A submission, and what its checks said; those of recordings need a training and are left out.

    Attributes:
        name: ``solution``, ``stub`` or a mutant's id.
        verdicts: check → verdict.
        faults: what is not as it should be, a line each.
    """

    name: str
    verdicts: Mapping[str, Verdict]
    faults: tuple[str, ...] = ()


def watch(course: Path, lab: str, say: Callable[[str], None], once: bool = False) -> None:
    """Look at a lab each time that one of its files changes, until interrupted.

    What the lab preloads is imported once; every look is a fork of this process, so that a change costs
    neither that import nor a restart.

    Args:
        once: look once, and return.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = course / "solutions" / lab
    before = None
    imported = False
    while True:
        now = {p: p.stat().st_mtime_ns for p in folder.glob("*.*") if p.suffix in (".py", ".json")}
        if now != before:
            before = now
            if not imported:
                imported = _preload(folder, say)
            process = multiprocessing.get_context("fork").Process(
                target=_look_and_say, args=(course, folder, say)
            )
            process.start()
            process.join()
        if once:
            return
        time.sleep(PAUSE)


def _preload(folder: Path, say: Callable[[str], None]) -> bool:
    try:
        for module in load_lab(folder).spec.preload:
            import_module(module)
    except AuthorError as error:
        say(str(error))
        return False
    return True


def _look_and_say(course: Path, folder: Path, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    try:
        lab = load_lab(folder)
        build(course, lab, lambda _: None, execute=False)
        key = Key.load(paths(course, lab.id).key)
    except AuthorError as error:
        say(str(error))
        return
    tried: list[Tried] = []
    for one in look(lab, key):
        tried.append(one)
        for fault in one.faults:
            say(f"{one.name}: {fault}")
        if one.name == "stub":  # mutants may be a hundred: the page is not to wait for them
            written = "  ".join(_write(course, lab, key, tried))
            say(f"{lab.id}: {time.monotonic() - began:.1f} s; {written}")
    _write(course, lab, key, tried)
    well = sum(not one.faults for one in tried)
    say(
        f"{lab.id}: {time.monotonic() - began:.1f} s; {well} of {len(tried)} as they should be:"
        f" {', '.join(t.name for t in tried)}"
    )


def _write(course: Path, lab: LoadedLab, key: Key, tried: list[Tried]) -> list[str]:
    """The notebook's pages, one a language."""
    pages = []
    for lang in LANGS:
        page = course / ".grader" / "watch" / f"{lab.id}.{lang}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(shown(lab, key, tried, lang), "utf-8")
        pages.append(str(page))
    return pages


def look(lab: LoadedLab, key: Key) -> Iterator[Tried]:
    """The solution, the stub and every mutant that needs no training, judged by the public key.

    A mutant is looked at on the checks of its own exercise; `grader validate` proves the rest.
    """
    told = [replace(c, answer={**c.answer, "told": True}) for c in key.checks]  # an author may know
    key = replace(key, checks=tuple(told))
    answers = {c.id: _right(c.answer) for c in lab.spec.checks.values() if c.kind == "answer"}
    solved = _tried(lab, key, "solution", {}, answers)
    solution = [
        f"{v.check} is {v.status}: {v.message.en}" for v in solved.values() if v.status != "right"
    ]
    stubs = {c.index: c.stub() for c in lab.definition_cells()}
    blank = _tried(lab, key, "stub", stubs, {})
    stub = [
        f"{v.check} says {v.status}" for v in blank.values() if v.status not in ("todo", "missing")
    ]
    yield Tried("solution", solved, tuple(solution))
    yield Tried("stub", blank, tuple(stub))
    if solution:  # every mutant would fail with it
        return
    for mutant in (*lab.mutants, *lab.unforeseen):
        if mutant.retrain or not (mutant.edits or mutant.code or mutant.answers):
            continue
        verdicts = _tried(lab, key, mutant.id, lab.change(mutant), {**answers, **mutant.answers})
        yield Tried(mutant.id, verdicts, tuple(_mutant_faults(mutant, verdicts)))


def _right(answer: Mapping[str, Any]) -> Any:
    return answer["right"] if answer["type"] == "choices" else next(iter(answer["right"]), "text")


def _tried(
    lab: LoadedLab, key: Key, name: str, change: Mapping[int, str], answers: Mapping[str, Any]
) -> dict[str, Verdict]:
    names: dict[str, Any] = {"__name__": "__main__"}
    sources = lab.sources(change)
    session.install()
    try:
        for i, source in enumerate(sources):
            try:
                run_source(source, f"<{name} {i}>", names)
            except AuthorError:  # a hole, or a mutant's own error: its checks will tell
                continue
    finally:
        session.leave()
    made: dict[str, Made] = {}
    seen = {
        c.id: observe_check(key, c, names, answers, False, made)
        for c in key.checks
        if c.kind != "clean"
    }
    asked = {c: o for c, o in seen.items() if o is not None}
    text = {c.id for c in key.checks if c.answer.get("type") == "text"}
    return {
        v.check: v
        for v in judge(key, Evidence(asked, sources))
        if key.check(v.check).kind != "clean" and v.check not in text
    }


def _mutant_faults(mutant: Mutant, verdicts: Mapping[str, Verdict]) -> list[str]:
    mine = {c for c, v in verdicts.items() if v.exercise == mutant.exercise or c in mutant.answers}
    lost = {c for c in mine if verdicts[c].points < verdicts[c].max_points}
    wants = set(mutant.loses) & mine
    faults = [f"keeps {c}" for c in sorted(wants - lost)]
    faults += [f"also loses {c}: {verdicts[c].message.en}" for c in sorted(lost - wants)]
    named = {verdicts[c].diagnosis for c in mine} - {""}
    if mutant.diagnosis and wants and mutant.diagnosis not in named:
        faults.append(f"is named {', '.join(sorted(named)) or 'nothing'}, not {mutant.diagnosis}")
    return faults


def shown(lab: LoadedLab, key: Key, tried: list[Tried], lang: Lang) -> str:
    """The notebook as students get it, as a page, under each ``lab.check`` what it says to whom."""
    from nbconvert import HTMLExporter

    node = lab.notebook(lang, solved=False)
    for cell in node.cells:
        if cell.cell_type != "code":
            continue
        for exercise in key.exercises:
            ways = [exercise.id, exercise.number, *exercise.defines]
            if any(f'lab.check("{way}")' in cell.source for way in ways):
                page = _verdicts(key, tried, exercise.id, lang)
                cell.outputs.append(new_output("display_data", {"text/html": page}))
    exporter = HTMLExporter(template_name="lab", exclude_input_prompt=True)
    page, _ = exporter.from_notebook_node(node)
    again = f'<head><meta http-equiv="refresh" content="{REFRESH}">'
    return str(page).replace("<head>", again, 1).replace("</body>", _UNFOLDED)


def _verdicts(key: Key, tried: list[Tried], exercise: str, lang: Lang) -> str:
    parts = []
    for one in tried:
        rows = [display.row(v, key, lang) for v in one.verdicts.values() if v.exercise == exercise]
        if not rows or (
            one.name not in ("solution", "stub") and all(r.symbol == "✓" for r in rows)
        ):
            continue
        said = html.escape(str(display.Report(rows, lang)))
        marks = "".join(r.symbol for r in rows)
        faults = "".join(f"<b>{html.escape(f)}</b><br>" for f in one.faults)
        parts.append(
            f"<details{' open' if one.faults else ''}><summary>{html.escape(one.name)} {marks}</summary>"
            f"{faults}<pre>{said}</pre></details>"
        )
    return "".join(parts)
