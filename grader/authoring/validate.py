"""The author's and CI's gate: every claim that a lab makes, tried.

The submissions that this makes (solution, blank, mutants, variants, whole-notebook changes) go the
same way as a student's: sandboxed zones, clean room, judge, with a hidden key of its own seed.
"""

from __future__ import annotations

import json
import statistics
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grader.authoring import references
from grader.authoring.compile import RARE, misses
from grader.authoring.consistency import refuse_inconsistent
from grader.authoring.source import LoadedLab
from grader.authoring.spec import AuthorError, Mutant
from grader.authoring.transforms import HARMLESS
from grader.check.compare import Metric
from grader.check.judge import Verdict
from grader.check.key import Key
from grader.check.text import LANGS, Lang
from grader.gradebook.executors import Setting
from grader.gradebook.grade import grade_units
from grader.gradebook.keys import NoLab, hidden_key
from grader.gradebook.records import Graded
from grader.gradebook.unit import Item, Result, Work

VALIDATION_SEED = 1_789_07_14
SIGMAS = 4.0
CHECK_SECONDS = 2.0


@dataclass
class Report:
    """What `validate` found; `ok` if nothing failed.

    Attributes:
        solution: points of the solution, worst of all runs, and the most to be had.
        blank: points of the student notebook, and its cells that ended in an error.
        mutants: total, caught (lost exactly what they should), named; and what went wrong.
        unforeseen: mistakes without a name: total, caught; and what went wrong.
        names: mistakes that have one, how many of them were told it; names given in all, false ones.
        variants: total, passed; and what went wrong.
        other: everything else that does not hold.
        notes: what the lab says openly it cannot promise.
        cpu_seconds: processor time of the whole solution, training included.
        slowest_check_seconds: the slowest probe on the solution, in the quickest of its runs: the
            machine is busy.
    """

    lab: str
    solution: dict[str, float] = field(default_factory=lambda: {"score": 0.0, "max": 0.0})
    blank: dict[str, float] = field(default_factory=lambda: {"score": 0.0, "errors": 0})
    mutants: dict[str, Any] = field(
        default_factory=lambda: {"total": 0, "caught": 0, "named": 0, "failures": []}
    )
    unforeseen: dict[str, Any] = field(
        default_factory=lambda: {"total": 0, "caught": 0, "failures": []}
    )
    names: dict[str, int] = field(
        default_factory=lambda: {"wanted": 0, "told": 0, "given": 0, "false": 0}
    )
    variants: dict[str, Any] = field(
        default_factory=lambda: {"total": 0, "passed": 0, "failures": []}
    )
    other: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0
    slowest_check_seconds: float = 0.0

    @property
    def failures(self) -> list[str]:
        """What does not hold, a line each."""
        tried = (self.mutants, self.unforeseen, self.variants)
        return [*(line for group in tried for line in group["failures"]), *self.other]

    @property
    def ok(self) -> bool:
        return not (
            self.failures
            or self.solution["score"] < self.solution["max"]
            or self.blank["score"]
            or self.blank["errors"]
        )

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}

    def add(self, other: Report, key: str) -> None:
        """Take in what was found under another key; `key` begins each of its lines."""
        self.solution["score"] = min(self.solution["score"], other.solution["score"])
        self.blank = {name: max(n, other.blank[name]) for name, n in self.blank.items()}
        for group in ("mutants", "unforeseen", "variants", "names"):
            mine, theirs = getattr(self, group), getattr(other, group)
            for name, found in theirs.items():
                mine[name] += [key + x for x in found] if name == "failures" else found
        self.other += [key + x for x in other.other]
        self.notes += [key + x for x in other.notes]
        self.cpu_seconds = max(self.cpu_seconds, other.cpu_seconds)
        self.slowest_check_seconds = max(self.slowest_check_seconds, other.slowest_check_seconds)


def validate(
    labs: Sequence[LoadedLab],
    data: Path | None,
    *,
    jobs: int,
    sandboxed: bool,
    train: bool,
    seeds: int = 1,
    every: int = 1,
    watch: Callable[[str], AbstractContextManager[Callable[[int, int], None]]],
) -> Iterator[Report]:
    """Prove labs, one after another; meanwhile their solutions train, one at a time.

    Once everything recorded is graded, `jobs` solutions train at a time.

    Args:
        labs: the labs, with their mutants and variants.
        data: ``data/``, or None.
        jobs: workers at a time.
        sandboxed: see `grader.sandbox.bwrap.require`.
        seeds: hidden keys under which all is tried.
        every: of the mutants, the mistakes without a name and the variants, every so many is tried.
        train: also train the solutions afresh (otherwise their recordings are taken; recordings
            that are nowhere to be had are always made, once, by training).
        watch: opened around each part of the work, with its name; yields what is told of progress.

    Yields:
        A report a lab, as soon as it is settled.

    Raises:
        AuthorError: a lab contradicts itself, or cannot even be compiled.
    """
    refuse_inconsistent(*labs)
    spent = {lab.id: references.fill(lab, data, sandboxed, jobs, lambda _: None) for lab in labs}
    with ThreadPoolExecutor(jobs) as compiling:
        asked = [(lab, VALIDATION_SEED + n) for lab in labs for n in range(seeds)]
        compiled = list(compiling.map(lambda one: _key(*one), asked))
    keys = {lab.id: compiled[i * seeds : (i + 1) * seeds] for i, lab in enumerate(labs)}
    beside = min(1, jobs - 1)
    room = threading.Semaphore(beside)

    def trained(lab: LoadedLab) -> dict[str, Result]:
        if not train or not lab.spec.recordings or spent[lab.id] is not None:
            return {}
        with room:
            return _trained(lab, keys[lab.id][0], data, sandboxed)

    def report(lab: LoadedLab) -> Report:
        if not any(map(_stopped, found[lab.id])):
            found[lab.id][0] |= training[lab.id].result()
        report = Report(lab.id)
        _check_thresholds(lab, report)
        _check_weight(lab, report)
        _check_mistakes(lab, keys[lab.id][0], report)
        reports = [
            _judged(lab, key, results, spent[lab.id] or 0.0, every)
            for key, results in zip(keys[lab.id], found[lab.id], strict=False)
        ]
        if every > 1:
            report.notes.append(f"one in {every} of the mutants, mistakes and variants was tried")
        report.solution, report.blank = reports[0].solution, reports[0].blank
        for number, one in enumerate(reports, 1):
            report.add(one, f"key {number}: " if seeds > 1 else "")
        return report

    longest_first = sorted(labs, key=lambda lab: -lab.spec.limits.training_seconds)
    training = {lab.id: _begun(trained, lab) for lab in longest_first}
    found: dict[str, list[dict[str, Result]]] = {}
    waiting: list[LoadedLab] = []
    for lab in labs:
        setting = Setting(lab.dir, data, jobs, sandboxed)
        found[lab.id] = []
        for number, key in enumerate(keys[lab.id], 1):
            with watch(lab.id + (f", key {number}" if seeds > 1 else "")) as done:
                found[lab.id].append(_tried(lab, key, setting, done, every))
            if _stopped(found[lab.id][-1]):
                break
        waiting.append(lab)
        for ready in [x for x in waiting if training[x.id].done() or _stopped(found[x.id][-1])]:
            waiting.remove(ready)
            yield report(ready)
    room.release(jobs - beside)
    for lab in waiting:
        with watch(f"{lab.id}, training") as done:
            training[lab.id].result()
            done(1, 1)
        yield report(lab)


def _begun(
    function: Callable[[LoadedLab], dict[str, Result]], lab: LoadedLab
) -> Future[dict[str, Result]]:
    """Begin it in a thread that Ctrl-C does not wait for."""
    future: Future[dict[str, Result]] = Future()

    def run() -> None:
        try:
            future.set_result(function(lab))
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _key(lab: LoadedLab, seed: int) -> Key:
    try:
        return hidden_key(lab.dir.parents[1], lab.id, seed)
    except NoLab as error:
        raise AuthorError(str(error)) from None


def _tried(
    lab: LoadedLab, key: Key, setting: Setting, done: Callable[[int, int], None], every: int
) -> dict[str, Result]:
    """Everything that is recorded, graded; nothing more once the solution itself has failed."""
    results: dict[str, Result] = {}
    cases = _cases(lab, every)

    def keep(name: str, result: Result) -> None:
        results[name] = result
        done(len(results), len(cases))
        if _stopped(results):
            raise _SolutionFails

    with suppress(_SolutionFails):
        grade_units(key, [(n, _item(lab, n, w)) for n, w in cases.items()], setting, keep)
    return results


class _SolutionFails(Exception):
    """Every other submission would fail for the same reason."""


def _stopped(results: Mapping[str, Result]) -> bool:
    """Whether the solution lost points; then the rest is not tried."""
    return any(
        _lost(r) or r.graded.problem for n, r in results.items() if n.startswith("solution ")
    )


def _trained(lab: LoadedLab, key: Key, data: Path | None, sandboxed: bool) -> dict[str, Result]:
    """The solution without its recordings: it trains within the lab's budget."""
    work = _work(lab.notebook("fr", True), {}, "fr")
    rerun = Setting(lab.dir, data, 1, sandboxed, rerun=True)
    results: dict[str, Result] = {}
    unit = ("solution trained", _item(lab, "trained", work))
    grade_units(key, [unit], rerun, results.__setitem__)
    return results


def _judged(
    lab: LoadedLab, key: Key, results: Mapping[str, Result], spent: float, every: int
) -> Report:
    """What the submissions came to under one key."""
    report = Report(lab.id)
    _solution(key, results, report, spent)
    if _stopped(results):
        report.notes.append("the solution itself fails: nothing else was tried")
        return report
    _blank(key, results, report)
    for mutant in lab.mutants[::every]:
        _mutant(key, mutant, results[f"mutant {mutant.id}"], report)
    for mistake in lab.unforeseen[::every]:
        result = results[f"unforeseen {mistake.id}"]
        _caught(mistake, result, report.unforeseen)
        _names(mistake, result, report, report.unforeseen["failures"])
    for name in [v.id for v in lab.variants[::every]] + list(HARMLESS)[::every]:
        _variant(key, f"variant {name}", results[f"variant {name}"], report)
    return report


def _cases(lab: LoadedLab, every: int) -> dict[str, Work]:
    """Every submission that is tried, by name."""
    cases: dict[str, Work] = {}
    for lang in LANGS:
        cases[f"solution {lang}"] = _work(lab.notebook(lang, True), lab.recordings, lang)
        cases[f"blank {lang}"] = _work(lab.notebook(lang, False), {}, lang)
    mistakes = [(f"mutant {m.id}", m) for m in lab.mutants[::every]]
    mistakes += [(f"unforeseen {m.id}", m) for m in lab.unforeseen[::every]]
    for i, (name, mutant) in enumerate(mistakes):
        lang = LANGS[i % 2]
        kept = {k: v for k, v in lab.recordings.items() if k not in mutant.retrain}
        node = lab.notebook(lang, True, lab.change(mutant), mutant.answers)
        cases[name] = _work(node, kept, lang)
    for i, variant in enumerate(lab.variants[::every]):
        lang = LANGS[i % 2]
        node = lab.notebook(lang, True, lab.change(variant), variant.answers)
        if variant.notebook is not None:
            node = variant.notebook(node)
        kept = {k: v for k, v in lab.recordings.items() if k not in variant.retrain}
        cases[f"variant {variant.id}"] = _work(node, kept, lang)
    for i, (name, transform) in enumerate(list(HARMLESS.items())[::every]):
        lang = LANGS[i % 2]
        node = transform(lab.notebook(lang, True))
        cases[f"variant {name}"] = _work(node, lab.recordings, lang)
    return cases


def _work(node: Any, recordings: Mapping[str, bytes], lang: Lang) -> Work:
    cells = [c.source for c in node.cells if c.cell_type == "code"]
    return Work(Graded("", "", "", "", "", lang), cells, recordings)


def _item(lab: LoadedLab, name: str, work: Work) -> Item:
    person = Graded(name, name, name, lab.id, name, work.person.lang)
    return Item(person, lambda: Work(person, work.cells, work.recordings))


def _lost(result: Result) -> dict[str, Verdict]:
    """Checks that lost points; an answer that a person reads has lost none yet."""
    return {
        v.check: v
        for v in result.graded.verdicts
        if v.points < v.max_points and v.status != "pending"
    }


def _failed(result: Result) -> str:
    """Why a submission was not graded at all, or which cells raised; "" if all is well."""
    if result.graded.problem is not None:
        return result.graded.problem.en
    bad = [c for c in result.graded.cells if c.status in ("error", "limit")]
    return "; ".join(f"cell {c.index}: {_short(c.error)}" for c in bad[:3])


def _short(error: Mapping[str, Any] | None) -> str:
    error = error or {}
    return f"{error.get('type', '')} {error.get('message', error.get('limit', ''))}"[:160]


def _solution(key: Key, results: Mapping[str, Result], report: Report, spent: float) -> None:
    runs = {n: r for n, r in results.items() if n.startswith("solution")}
    read = sum(c.points for c in key.checks if c.answer.get("type") == "text" and not c.bonus)
    if read:
        report.notes.append(f"a person gives {read:g} points more, for the free texts")
    most = sum(c.points for c in key.checks if c.answer.get("type") != "text")
    report.solution = {"score": min(r.graded.earned for r in runs.values()), "max": round(most, 4)}
    for name, result in runs.items():
        said = _failed(result)
        if said:
            report.other.append(f"{name}: {said}")
        for verdict in _lost(result).values():
            report.other.append(f"{name}: {verdict.check}: {verdict.message.en}")
        for verdict in result.graded.verdicts:
            if verdict.status == "carried" or verdict.diagnosis:
                report.other.append(f"{name}: {verdict.check} is diagnosed {verdict.diagnosis}")
    report.cpu_seconds = round(max(spent, *(r.cpu_seconds for r in runs.values())), 2)
    report.slowest_check_seconds = min(r.slowest for r in runs.values())
    if report.slowest_check_seconds > CHECK_SECONDS:
        report.other.append(f"a check takes {report.slowest_check_seconds:.1f} s")
    budget = key.limits.cpu_seconds
    if report.cpu_seconds > budget:
        report.other.append(f"the solution takes {report.cpu_seconds} s of processor of {budget}")


def _blank(key: Key, results: Mapping[str, Result], report: Report) -> None:
    for lang in LANGS:
        result = results[f"blank {lang}"]
        report.blank["score"] = max(report.blank["score"], result.graded.earned)
        bad = [c for c in result.graded.cells if c.status in ("error", "limit")]
        report.blank["errors"] += len(bad)
        for cell in bad:
            report.other.append(f"blank {lang}: cell {cell.index}: {_short(cell.error)}")
        for verdict in result.graded.verdicts:
            if verdict.status not in ("todo", "missing"):
                report.other.append(f"blank {lang}: {verdict.check} says {verdict.status}")


def _mutant(key: Key, mutant: Mutant, result: Result, report: Report) -> None:
    _caught(mutant, result, report.mutants)
    named, wants = _names(mutant, result, report, report.mutants["failures"]), mutant.diagnosis
    forbidden = any(v.status == "forbidden" for v in _lost(result).values())
    report.names["wanted"] += bool(wants)
    report.names["told"] += wants in named
    if not wants or wants in named or (forbidden and wants not in key.misconceptions):
        report.mutants["named"] += 1
    else:
        said = f"{mutant.id}: named {sorted(named) or 'nothing'}, not {wants}"
        report.mutants["failures"].append(said)


def _names(mutant: Mutant, result: Result, report: Report, failures: list[str]) -> set[str]:
    """The misconceptions that it is told; those that are false of it do not hold."""
    named = {v.diagnosis for v in result.graded.verdicts if v.diagnosis}
    false = sorted(named - {mutant.diagnosis, *mutant.may})
    report.names["given"] += len(named)
    report.names["false"] += len(false)
    if false:
        failures.append(f"{mutant.id}: is falsely called {', '.join(false)}")
    return named


def _caught(mutant: Mutant, result: Result, group: dict[str, Any]) -> None:
    """Note in `group` whether it loses exactly what it should."""
    group["total"] += 1
    lost, wrong = _lost(result), []
    if result.graded.problem is not None:
        wrong.append(result.graded.problem.en)
    for check in sorted(set(mutant.loses) - set(lost)):
        wrong.append(f"keeps {check}")
    for check in sorted(set(lost) - set(mutant.loses)):
        wrong.append(f"also loses {check} ({lost[check].message.en})")
    for check, verdict in lost.items():
        due = mutant.partial.get(check, 0.0)
        if check in mutant.loses and abs(verdict.points - due) > 1e-6:
            wrong.append(f"{check} gets {verdict.points:g}, not {due:g}")
    if wrong:
        group["failures"].append(f"{mutant.id}: " + "; ".join(wrong))
    else:
        group["caught"] += 1


def _variant(key: Key, name: str, result: Result, report: Report) -> None:
    report.variants["total"] += 1
    lost, said = _lost(result), _failed(result)
    if not lost and result.graded.problem is None:
        report.variants["passed"] += 1
        return
    reasons = [f"{v.check}: {v.message.en}" for v in lost.values()]
    report.variants["failures"].append(f"{name}: " + "; ".join([*reasons[:4], said]))


def _check_thresholds(lab: LoadedLab, report: Report) -> None:
    """Thresholds against the calibration; see docs/AUTHORING.md for the file's form."""
    wanted = {
        (c.id, m) for c in lab.spec.checks.values() for m in c.expect.values()
        if isinstance(m, Metric) and c.kind == "clean"
    }  # fmt: skip
    path = lab.dir / "calibration.json"
    if not wanted:
        return
    if not path.is_file():
        report.other.append(f"calibration.json is missing: run grader calibrate {lab.id}")
        return
    found = json.loads(path.read_text("utf-8"))
    for check, metric in sorted(wanted, key=lambda p: p[0]):
        entry = found.get(check)
        if entry is None:
            report.other.append(f"calibration.json does not speak of {check}")
            continue
        _threshold(check, metric, entry, report)


def _threshold(check: str, metric: Metric, entry: Mapping[str, Any], report: Report) -> None:
    values: Sequence[float] = entry.get("values", [])
    base: Sequence[float] = entry.get("baseline", {}).get("values", [])
    if len(values) < 10 or not base:
        report.other.append(
            f"{check}: calibrated over {len(values)} seeds (10 are needed) and {len(base)} runs of a"
            " baseline (1); run calibrate.py"
        )
        return
    up = 1.0 if metric.target > metric.floor else -1.0
    said = []
    chance = misses(metric, values)
    line = (
        f"a right solution misses the target {metric.target:g} once in {1 / max(chance, 1e-9):,.0f}"
    )
    if chance > RARE:
        said.append(line)
    else:
        report.notes.append(f"{check}: {line}")
    for cheap in filter(None, (entry["baseline"], entry.get("tenth"))):
        best = max(up * x for x in cheap["values"])
        if best >= up * metric.target:
            said.append(f"{cheap['name']} reaches the target {metric.target:g}: {up * best:.4g}")
    base_sd = statistics.stdev(base) if len(base) > 1 else 0.0
    if up * (metric.floor - statistics.fmean(base)) < SIGMAS * base_sd:
        said.append(f"the floor {metric.floor:g} is within 4 sd of {entry['baseline']['name']}")
    for line in said:
        excuse = entry.get("excuse")
        if excuse:
            report.notes.append(f"{check}: {line}; the lab says: {excuse}")
        else:
            report.other.append(f"{check}: {line}")


def _check_weight(lab: LoadedLab, report: Report) -> None:
    """Whether what the solution records can be handed in."""
    weight, most = sum(map(len, lab.recordings.values())) / 1e6, lab.spec.limits.submission_mb
    if weight > most:
        report.other.append(
            f"the solution's recordings weigh {weight:.1f} MB, and lab.submit() allows {most:g}: "
            "Limits(submission_mb=…)"
        )


def _check_mistakes(lab: LoadedLab, key: Key, report: Report) -> None:
    """Every misconception changes something that a check sees, or a mutant shows it."""
    seen = {m for c in key.checks for m in c.wrong}
    told = {m.id for m in lab.spec.misconceptions.values() if m.measured}
    seen |= told & {m.diagnosis for m in lab.mutants}
    for mistake in key.misconceptions:
        if mistake not in seen:
            report.other.append(f"misconception {mistake}: no check sees a difference")


def describe(report: Report) -> list[tuple[str, str]]:
    """Rows of the table for people."""
    rows = [
        ("solution", f"{report.solution['score']:g} / {report.solution['max']:g}"),
        ("blank", f"{report.blank['score']:g} points, {report.blank['errors']:g} errors"),
        (
            "mutants",
            f"{report.mutants['caught']} of {report.mutants['total']} caught,"
            f" {report.mutants['named']} named",
        ),
        ("unforeseen", f"{report.unforeseen['caught']} of {report.unforeseen['total']} caught"),
        (
            "names",
            f"{report.names['told']} of {report.names['wanted']} told;"
            f" {report.names['false']} of {report.names['given']} given are false",
        ),
        ("variants", f"{report.variants['passed']} of {report.variants['total']} pass"),
        ("processor", f"{report.cpu_seconds:.1f} s"),
        ("slowest check", f"{report.slowest_check_seconds:.2f} s"),
    ]
    rows += [("fails", x) for x in report.failures]
    rows += [("note", x) for x in report.notes]
    return rows
