"""What a result says about itself: failed, empty, cut short, or nothing of the kind."""

from typing import Any

import pytest

from whypath.content import ContentStore
from whypath.derive.findings.results import Facts, facts_of


def facts(value: Any) -> Facts:
    contents = ContentStore()
    return facts_of(contents, contents.add_value(value))


LONG = "All good.\n" * 400
TOLD: list[Any] = [
    "Error: no such user",
    "ERROR 1064 (42000): You have an error",
    "Exit code 2\nmake: no rule",
    "Process exited with code 1\nOutput:\nboom",
    "fatal: not a git repository",
    "bash: line 1: zsteg: command not found",
    "cat: x.txt: No such file or directory",
    "Permission denied",
    "HTTP 503 Service Unavailable",
    "The request timed out after 30 s",
    "<error>no</error>",
    "<tool_use_error>File has not been read yet.</tool_use_error>",
    "npm ERR! code E404",
    "Traceback (most recent call last):\n  File x\nKeyError: 'a'",
    f"{LONG}Traceback (most recent call last):\n  File x\nValueError: bad\n",
    f"{LONG}\nmake: leaving\nexit code: 2",
    [{"type": "text", "text": "Error: boom"}],
    {"stdout": "", "stderr": "x", "exit_code": 1},
    {"isError": True, "content": [{"type": "text", "text": "boom"}]},
]
QUIET: list[Any] = [
    {"status": 200, "success": False, "reason": "quota"},
    {"status": 404, "message": "nope"},
    {"ok": True, "error": {"message": "quota exceeded"}},
    {"status": "failed", "message": "no"},
    '{"ok": false}',
    {"data": None, "errors": ["bad query"]},
]
FINE: list[Any] = [
    {"error": None, "data": 1},
    {"error": "", "errors": [], "status": "ok", "code": 200},
    {"id": 7, "status": "failed", "runs": 3, "owner": "ada", "log": "x"},
    "Error handling in Python: a guide for beginners",
    "Failed tests are listed below: none",
    "Errors: 0, warnings: 0",
    "  1\tdef error():\n  2\t    raise ValueError",
    "Tests: 0 failed, 3 passed\nexit code: 0",
    LONG,
    7,
    True,
    [1, 2],
]
EMPTY: list[Any] = [
    [],
    {},
    "",
    "  \n",
    None,
    "[]",
    "No results found.",
    "0 results",
    "Found 0 files",
    "no matches found",
    {"results": [], "total": 0},
    {"results": [], "page": 1, "query": "x"},
    "Exit code: 0\nWall time: 1 s\nOutput:\n[]",
    [{"type": "text", "text": "[]"}],
]
CUT: list[Any] = [
    "a\n... [output truncated, 48213 characters omitted]",
    f"{LONG}... (1200 more lines truncated)\n{LONG}",
    "x\n<response clipped><NOTE>only a part is shown</NOTE>",
    '{"rows": [1, 2\n... [output truncated, 93 characters omitted]',
    {"rows": [1], "has_more": True},
    {"rows": [1], "nextPageToken": "a9"},
    {"output": "... [truncated 300 chars]"},
    {"text": "x", "truncated": True},
]
WHOLE: list[Any] = [
    "see the truncated normal distribution",
    "if len(text) > 9:\n    return truncated(text)  # was omitted",
    {"rows": [1], "has_more": False, "next_cursor": None},
    "it says `[Truncated at 100 matches]` there",
]


@pytest.mark.parametrize("value", TOLD, ids=str)
def test_a_failure_that_is_told(value: Any) -> None:
    found = facts(value)
    assert found.failure
    assert found.how == "text"


@pytest.mark.parametrize("value", QUIET, ids=str)
def test_a_failure_in_what_looks_like_any_answer(value: Any) -> None:
    found = facts(value)
    assert found.failure
    assert found.how == "envelope"


@pytest.mark.parametrize("value", FINE, ids=str)
def test_what_only_speaks_of_failure_is_none(value: Any) -> None:
    assert facts(value).failure is None


@pytest.mark.parametrize("value", EMPTY, ids=str)
def test_a_result_that_brings_nothing(value: Any) -> None:
    assert facts(value).empty


@pytest.mark.parametrize("value", [*FINE, "none of them failed", [0]], ids=str)
def test_a_result_that_brings_something(value: Any) -> None:
    assert facts(value).empty is None


@pytest.mark.parametrize("value", CUT, ids=str)
def test_a_result_that_is_not_whole(value: Any) -> None:
    assert facts(value).cut


@pytest.mark.parametrize("value", [*WHOLE, *FINE], ids=str)
def test_a_result_that_only_speaks_of_what_is_cut(value: Any) -> None:
    assert facts(value).cut is None
