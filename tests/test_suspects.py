"""Where to look first in a failed run: what is ranked, why, and when nothing is."""

import re
import sys
from pathlib import Path

import pytest

from samples import SHARED
from test_detectors import ORDER, Made, call, say, script, user
from tiny import Tiny
from whypath.derive.findings.suspects import find_suspects, has_failed
from whypath.model import Outcome

READ = call("get_order", {"id": 7}, ORDER)
CANCEL = call("cancel_order", {"id": 7}, "cancelled")

FIRST: dict[str, tuple[Made, int, str]] = {
    "what a check found": (
        script(user("go"), READ, call("pay", {"q": 1}, {"success": False}), say("ok")),
        5,
        "silent-failure",
    ),
    "the last change that stood": (
        script(user("a"), CANCEL, say("b"), user("c"), READ, CANCEL, say("done")),
        8,
        "made the last change, “cancel_order”",
    ),
    "a figure from nowhere": (
        script(user("how many?"), READ, say("There are 317 of them.")),
        4,
        "gave out 317",
    ),
    "what was asked, where nothing was done": (
        script(user("help me"), say("how?"), user("so"), say("no"), user("bye")),
        1,
        "one of the last things asked",
    ),
}


@pytest.mark.parametrize(("make", "step", "why"), FIRST.values(), ids=FIRST)
def test_the_first_to_look_at_has_a_reason(make: Made, step: int, why: str) -> None:
    story = make().story
    first = find_suspects(story.run, story.findings)[0]
    assert first.step == step, find_suspects(story.run, story.findings)
    assert why in first.why


def test_the_words_that_set_a_change_off_are_ranked_too() -> None:
    story = (
        script(user("a"), say("Shall I cancel?"), user("yes"), CANCEL).__call__().story
    )
    whys = {s.step: s.why for s in find_suspects(story.run, story.findings, None)}
    assert "set “cancel_order” off" in whys[3]
    assert "proposed" in whys[2]
    assert "agreed to" in whys[1]


def failed(outcome: Outcome | None, status: str | None) -> Tiny:
    tiny = script(user("a"), CANCEL, ended=status).__call__()
    tiny.draft.outcome = outcome
    return tiny


@pytest.mark.parametrize(
    ("outcome", "status", "is_failure"),
    [
        (Outcome(reward=0.0), "ok", True),
        (Outcome(reward=1.0), "ok", False),
        (Outcome(score=-1), None, True),
        (None, "error", True),
        (None, "incomplete", True),
        (None, "ok", False),
        (None, None, False),
    ],
)
def test_only_a_failed_run_is_ranked(
    outcome: Outcome | None, status: str | None, is_failure: bool
) -> None:
    story = failed(outcome, status).story
    assert has_failed(story.run) == is_failure
    assert bool(story.suspects) == is_failure


@pytest.mark.corpus
def test_labelled_failures_are_ranked_better_than_by_position() -> None:
    if not (SHARED / "failures").is_dir():
        pytest.skip("NOT CHECKED: there are no labelled failures here")
    sys.path.insert(0, str(Path(__file__).parent / "bench"))
    from suspects import measure

    _, ours, prior, _ = (
        list(map(int, re.findall(r"(\d+) of", row))) for row in measure()
    )
    assert ours[0] > prior[0]
    assert ours[1] > prior[1]
