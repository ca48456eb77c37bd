"""Predictions: sealed before the run, answered after it."""

from grader.notebook.predictions import Prediction, answer, seal, summary


def test_a_prediction_is_sealed_and_answered_with_the_reason() -> None:
    made: dict[str, Prediction] = {}
    assert seal(made, "loss", 4.54).fr == "pronostic noté : 4,54"
    assert seal(made, "loss", 3.0).en == "prediction noted: 3"  # the run has not answered yet
    said = answer(made, "loss", 3.367, "ln 29: chance", None)
    assert said.fr == "✗ pronostic : 3 ; obtenu : 3,367 → ln 29: chance"
    assert seal(made, "loss", 3.37).en == "the run has answered: your prediction stays 3"
    assert answer(made, "loss", 3.367, "", None).en == "✗ predicted: 3; came: 3.367"
    text = summary(made)
    assert text is not None
    assert text.en == "predictions: 0 right of 1 (not graded)"


def test_what_is_right() -> None:
    for said, came, within, right in (
        (3.3, 3.367, None, True),  # within a twentieth
        (65, 66, None, False),  # a count is exact
        ("44 millions", 44_183_069, None, False),
        ("44 183 000", 44_183_069, None, True),
        ("réponse B", "B", None, True),
        ([0.25, 3], [0.25, 3.0], None, True),
        ([0.25], [0.25, 3.0], None, False),
        (7, 8.0, 1.5, True),
    ):
        made: dict[str, Prediction] = {}
        seal(made, "x", said)
        answer(made, "x", came, "", within)
        assert made["x"].right is right, (said, came)


def test_what_is_said_after_the_run_does_not_count() -> None:
    made: dict[str, Prediction] = {}
    assert answer(made, "x", 1.5, "why", None).en == "came: 1.5; you had predicted nothing"
    seal(made, "x", 1.5)
    answer(made, "x", 1.5, "why", None)
    assert summary(made) is None
