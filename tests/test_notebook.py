"""Files that calls name and lists of things to do, worked out from arguments."""

from pathlib import Path
from typing import Any

import pytest

from samples import read_runs
from tiny import Tiny
from whypath.derive.notebook import read_notebook

PATCH = (
    "*** Begin Patch\n*** Add File: a.py\n+x\n*** Update File: b/c.py\n*** End Patch"
)

CALLS: list[tuple[str, Any, list[str], bool]] = [
    ("Read", {"file_path": "/a/b.py", "limit": 3}, ["/a/b.py"], False),
    ("edit", {"path": "x", "file_path": "y"}, ["y"], False),
    ("apply_patch", {"input": PATCH}, ["a.py", "b/c.py"], False),
    ("apply_patch", PATCH, ["a.py", "b/c.py"], False),
    ("search", {"query": '"path": "no"', "inner": {"path": "no"}}, [], False),
    ("Read", {"file_path": 3, "path": ""}, [], False),
    ("Read", [{"path": "no"}], [], False),
    ("Read", None, [], False),
    ("TodoWrite", {"todos": [{"content": "x"}]}, [], True),
    ("update_plan", {"plan": [{"step": "x"}], "explanation": "y"}, [], True),
    ("TodoWrite", {"todos": "not a list"}, [], False),
    ("search", {"todos": [1]}, [], False),
]


@pytest.mark.parametrize(("name", "given", "files", "is_list"), CALLS)
def test_arguments_of_a_call(
    name: str, given: Any, files: list[str], is_list: bool
) -> None:
    tiny = Tiny()
    fields = {} if given is None else {"input": given}
    tiny.step("tool", name, **fields)
    notebook = read_notebook(tiny.run)
    assert [touch.path for touch in notebook.files] == files
    assert [todo.step for todo in notebook.todos] == ([1] if is_list else [])


def test_a_real_session_touches_files_and_plans(corpus: Path) -> None:
    name = "sniffly_ba79134d-b6e9-4867-af0c-6941038c9e4b.jsonl"
    (run,) = read_runs(corpus / "claude-code" / name)
    notebook = read_notebook(run)
    assert any(touch.path.endswith("CLAUDE.md") for touch in notebook.files)
    for todo in notebook.todos:
        assert run.step(todo.step).name == "TodoWrite"
    assert len(notebook.todos) > 3
