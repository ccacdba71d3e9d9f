"""The checks on everything there is: long invented runs, real traces, hostile ones."""

import re
import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "bench"))

from checks import CORPUS, SHARED, planted, real_stories

from samples import HOSTILE
from whypath.build import read_input
from whypath.derive.inspection import inspect
from whypath.errors import TraceError
from whypath.render.check_json import check_json
from whypath.render.check_summary import check_summary
from whypath.render.junit import junit
from whypath.render.sarif import sarif

pytestmark = pytest.mark.corpus

PLANTED = 40 if sys.version_info < (3, 12) else 35
"""More errors than this are planted: chance is another on each Python."""


def test_what_is_planted_in_a_long_run_is_found_and_hardly_anything_else() -> None:
    if not (SHARED / "bench" / "generate.py").is_file():
        pytest.skip("NOT CHECKED: there is no generator here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the generator leaves files to be closed
        _, *rows = planted(seeds=(7,))
    assert len(rows) == 6
    for row in rows:
        numbers = list(map(int, re.findall(r"\d+", row.partition(", ")[2])))
        errors, errors_of, silent, silent_of, loops, loops_of, besides = numbers
        assert errors == errors_of > PLANTED, row
        assert loops == loops_of > 8, row
        assert silent >= silent_of - 2, row
        assert silent_of > 15, row
        assert besides <= 3, row


def test_no_check_breaks_on_a_real_trace() -> None:
    if not CORPUS.is_dir():
        pytest.skip("NOT CHECKED: there is no corpus here")
    runs = 0
    for path, story in real_stories():
        runs += 1
        broken = [check for check in story.checks if check.status == "error"]
        assert not broken, (path, story.run.id, broken)
        for finding in story.findings:
            assert len(finding.statement) < 600, finding
            assert all(0 < step <= len(story.run.steps) for step in finding.steps)
    assert runs > 400


def test_hostile_traces_are_checked_and_written_in_every_form() -> None:
    if not HOSTILE.is_dir():
        pytest.skip("NOT CHECKED: there are no hostile traces here")
    from whypath.build import tell

    stories = []
    for path in sorted(HOSTILE.rglob("*")):
        if path.is_file() and path.stat().st_size < 2_000_000:
            try:
                runs = read_input([str(path)]).runs
            except TraceError:
                continue
            stories += [tell(run) for run in runs]
    assert stories
    assert not [c for s in stories for c in s.checks if c.status == "error"]
    found = inspect(stories)[0]
    forms = [check_json(found), check_summary(found), sarif(found)]
    forms.append("".join(junit(found, "info")))
    for text in forms:
        text.encode("utf-8")
        assert "\x00" not in text
        assert "\x1b" not in text
