"""What the review page shows and keeps: questions, answers in groups, rubric, comments.

Answers are named by their content (`grader.gradebook.decisions.answer_digest`), so that the page
knows no student unless names were asked for, and one decision holds for all who wrote the same.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from grader.check.key import Check, Key
from grader.check.text import Text, same
from grader.gradebook.decisions import Agreement, Review, agreement, answer_digest
from grader.gradebook.records import Graded
from grader.gradebook.store import Store

MAX_ITEM = 300
MAX_SNIPPET = 1000
ALIKE = 72.0  # of 100: answers this close on average share a group
MOST_COMPARED = 4000  # characters


class BadRequest(ValueError):
    """What the page sent cannot be done; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What one student, or several alike, answered.

    Attributes:
        text: as the first of them wrote it.
    """

    id: str
    text: str
    students: tuple[str, ...]
    names: tuple[str, ...]


class Question:
    """A free-text question over the whole class.

    Attributes:
        groups: similar answers together, the largest group first.
        silent: students who did not answer.
    """

    def __init__(self, check: Check, number: str, graded: Sequence[Graded]) -> None:
        self.check = check
        self.number = number
        found: dict[str, list[Graded]] = {}
        for g in graded:
            text = g.answers.get(check.id, "")
            if text:
                found.setdefault(answer_digest(text), []).append(g)
        # The order of digests has nothing to do with names.
        self.answers = {
            id: Answer(
                id,
                who[0].answers[check.id],
                tuple(g.student_id for g in who),
                tuple(g.student for g in who),
            )
            for id, who in sorted(found.items())
        }
        self.students = sum(len(a.students) for a in self.answers.values())
        self.silent = sum(g.problem is None for g in graded) - self.students

    @cached_property
    def groups(self) -> list[list[Answer]]:
        answers = list(self.answers.values())
        found = [[answers[i] for i in g] for g in groups([a.text for a in answers])]
        return sorted(found, key=lambda g: -sum(len(a.students) for a in g))


@dataclass
class Desk:
    """The review of one lab.

    Attributes:
        names: whether the page may show who wrote what.
        by: who reads, for the log.
        lang: of the page.
        second: whether a second reader reads: without the first one's marks, and for no mark.
    """

    store: Store
    key: Key
    names: bool
    by: str
    lang: str
    second: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        graded = self.store.graded(self.key.lab)
        numbers = {e.id: e.number for e in self.key.exercises}
        self.questions = {
            c.id: Question(c, numbers[c.exercise], graded)
            for c in self.key.checks
            if c.kind == "answer" and c.answer.get("type") == "text"
        }
        for question in self.questions.values():
            self._seed(question.check)

    def _seed(self, check: Check) -> None:
        """Begin with the author's rubric; what was made on the page stays."""
        if not self.store.rubric(self.key.lab, check.id):
            for item in check.answer.get("rubric", ()):
                self.store.add_item(self.key.lab, check.id, Text(**item["text"]), item["points"])

    def question(self, id: str) -> Question:
        if id not in self.questions:
            raise BadRequest(f"no question {id!r}")
        return self.questions[id]

    def overview(self) -> list[dict[str, Any]]:
        """The questions and how far each has been read."""
        return [
            {"id": id, "title": self._title(q), **self._progress(q, self._reviews(q))}
            for id, q in self.questions.items()
        ]

    def shown(self, id: str) -> dict[str, Any]:
        """Everything that the page shows of a question."""
        question = self.question(id)
        reviews = self._reviews(question)
        others = {} if self.second else self._reviews(question, second=True)
        check = question.check
        guide = check.answer.get("guide")
        return {
            "id": id,
            "title": self._title(question),
            "asked": check.asked.to(self.lang),
            "guide": Text(**guide).to(self.lang) if guide else "",
            "points": check.points,
            "silent": question.silent,
            "rubric": [
                {"id": i.id, "text": i.text.to(self.lang), "points": i.points}
                for i in self.store.rubric(self.key.lab, id)
            ],
            "snippets": self.store.snippets(self.key.lab),
            "groups": [
                [self._answer(question, a, reviews[a.id], others.get(a.id)) for a in group]
                for group in question.groups
            ],
            **self._progress(question, reviews),
        }

    def review(self, id: str, answers: Sequence[str], review: Review, typing: bool) -> None:
        """Keep how answers were read.

        Raises:
            BadRequest: an answer or an item of the rubric is not there.
        """
        question = self.question(id)
        unknown = [a for a in answers if a not in question.answers]
        if unknown or not answers:
            raise BadRequest("no such answer")
        items = {i.id for i in self.store.rubric(self.key.lab, id)}
        if not set(review.items) <= items:
            raise BadRequest("no such item of the rubric")
        states = {
            who: replace(review, items=tuple(sorted(set(review.items))), answer=answer)
            for answer in answers
            for who in question.answers[answer].students
        }
        with self._lock:
            if self.second:
                self.store.review_again(self.key.lab, id, states)
            else:
                self.store.review(self.key.lab, id, states, self.by, typing)

    def undo(self, id: str) -> list[str]:
        """Take back the last step; the answers that it was about, [] if there is none."""
        question = self.question(id)
        if self.second:
            return []
        with self._lock:
            who = set(self.store.undo(self.key.lab, id, self.by))
        return [a.id for a in question.answers.values() if who & set(a.students)]

    def item(self, id: str, item: int | None, text: str, points: float) -> None:
        """Add an item to the rubric, or change one: the marks that it gave move with it.

        Raises:
            BadRequest: no text, absurd points, no such item, or a second reader, who moves no mark.
        """
        question = self.question(id)
        if self.second:
            raise BadRequest("the rubric is the first reader's")
        text = " ".join(text.split())
        if not text or len(text) > MAX_ITEM or not abs(points) <= 10 * question.check.points:
            raise BadRequest("an item has a text and points")
        with self._lock:
            if item is None:
                self.store.add_item(self.key.lab, id, same(text), points)
                return
            known = {i.id: i for i in self.store.rubric(self.key.lab, id)}
            if item not in known:
                raise BadRequest("no such item of the rubric")
            old = known[item].text
            said = old if text == old.to(self.lang) else same(text)
            self.store.change_item(self.key.lab, item, said, points, self.by)

    def snippet(self, text: str) -> None:
        text = text.strip()
        if not text or len(text) > MAX_SNIPPET:
            raise BadRequest("a comment to keep has a text")
        with self._lock:
            self.store.add_snippet(self.key.lab, text)

    def label(self, answer: Answer) -> int:
        """The number by which the page calls an answer."""
        return int(hashlib.sha256(answer.id.encode()).hexdigest()[:6], 16) % 9000 + 1000

    def agreements(self) -> dict[str, tuple[Agreement, list[Answer]]]:
        """Title of a question → how its two readers agree, and the answers on which they do not."""
        found = {}
        for question in self.questions.values():
            first = self._marks(question, self._reviews(question, second=False))
            second = self._marks(question, self._reviews(question, second=True))
            both = [id for id in question.answers if id in first and id in second]
            agreed = agreement([(first[id], second[id]) for id in both])
            if agreed is not None:
                apart = [question.answers[id] for id in both if first[id] != second[id]]
                found[self._title(question)] = (agreed, apart)
        return found

    # -------------------------------------------------------------- inside

    def _title(self, question: Question) -> str:
        return f"{question.number} {question.check.title.to(self.lang)}".strip()

    def _marks(self, question: Question, reviews: dict[str, Review]) -> dict[str, float]:
        """Answer → points, of those that were read."""
        rubric = {i.id: i for i in self.store.rubric(self.key.lab, question.check.id)}
        return {id: r.points(rubric, question.check.points) for id, r in reviews.items() if r.read}

    def _reviews(self, question: Question, second: bool | None = None) -> dict[str, Review]:
        """Answer → how it was read, by this reader unless said otherwise."""
        second = self.second if second is None else second
        kept = self.store.reviews(self.key.lab, question.check.id, second)
        return {
            id: next((kept[w] for w in a.students if w in kept and kept[w].answer == id), Review())
            for id, a in question.answers.items()
        }

    def _progress(self, question: Question, reviews: dict[str, Review]) -> dict[str, int]:
        """Students whose answer has been read, of all who answered."""
        read = sum(len(a.students) for id, a in question.answers.items() if reviews[id].read)
        return {"read": read, "students": question.students}

    def _answer(
        self, question: Question, answer: Answer, review: Review, other: Review | None
    ) -> dict[str, Any]:
        read = {"first": review} | ({"second": other} if other else {})
        marks = self._marks(question, read)
        return {
            "id": answer.id,
            "label": self.label(answer),
            "text": answer.text,
            "count": len(answer.students),
            "items": list(review.items),
            "zero": review.zero,
            "adjust": review.adjust,
            "comment": review.comment,
            "points": marks.get("first"),
            "second": marks.get("second"),
            "names": list(answer.names) if self.names else [],
        }


def plain(text: str) -> str:
    """`text` as it is compared: no case, accents, punctuation."""
    flat = unicodedata.normalize("NFKD", text[:MOST_COMPARED]).casefold()
    flat = "".join(c for c in flat if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", flat))


def groups(texts: Sequence[str], alike: float = ALIKE) -> list[list[int]]:
    """Indices of `texts` in groups of similar ones, the largest first, each in its given order.

    Average-linkage clustering on rapidfuzz's token-sort ratio (0 to 100), whatever the order of
    words.
    """
    if len(texts) < 2:
        return [[i] for i in range(len(texts))]
    flat = [plain(t) for t in texts]
    scores = process.cdist(flat, flat, scorer=fuzz.token_sort_ratio)
    distance = 100.0 - np.minimum(scores, scores.T).astype(np.float64)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    found: dict[int, list[int]] = {}
    for i, label in enumerate(fcluster(tree, 100.0 - alike, "distance")):
        found.setdefault(int(label), []).append(i)
    return sorted(found.values(), key=lambda g: (-len(g), g[0]))
