"""Finds the files that tools touched and the to-do lists that an agent kept.

Both are worked out from the arguments of tool calls: a path under one of the usual
names, a patch that names files, a list of things to do. What a tool did to a file is
not looked into.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from whypath.model import ContentId, Run, Step

PATH_KEYS = (
    *("file_path", "filePath", "path", "notebook_path", "target_file", "filename"),
    *("absolute_path", "abs_path", "file"),
)
LIST_KEYS = ("todos", "plan", "todo_list", "newTodos", "items", "task_list")
"""Where tools that keep a list of things to do have it."""

_HINT = re.compile(rb'"(?:%s)"' % "|".join((*PATH_KEYS, *LIST_KEYS)).encode())
_PATCH = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_LISTS = re.compile(r"todo|plan|task", re.IGNORECASE)
PATCH_BYTES = 256 * 1024


class Touch(NamedTuple):
    """A file that the tool call at `step` names in its arguments."""

    step: int
    path: str


class Todo(NamedTuple):
    """The arguments, with the list of things to do, of the call at `step`."""

    step: int
    arguments: ContentId


class Notebook(NamedTuple):
    """What was touched and planned in a run, in order."""

    files: tuple[Touch, ...]
    todos: tuple[Todo, ...]


def read_notebook(run: Run) -> Notebook:
    """The files and lists of a run, from the arguments of its tool calls."""
    files: list[Touch] = []
    todos: list[Todo] = []
    for step in run.steps:
        if step.kind not in ("tool", "retrieval") or step.input is None:
            continue
        files += (Touch(step.position, path) for path in _paths(run, step))
        if _has_list(run, step):
            todos.append(Todo(step.position, step.input))
    return Notebook(tuple(files), tuple(todos))


def _paths(run: Run, step: Step) -> Iterator[str]:
    if step.input is None:
        return
    contents, raw = run.contents, run.contents.raw(step.input)
    if b"*** " in raw[:400] and len(raw) < PATCH_BYTES:
        yield from dict.fromkeys(_PATCH.findall(_patch_text(run, step)))
    elif raw[:1] == b"{" and _HINT.search(raw[:4096]):
        given = contents.value(step.input)
        keys = (key for key in PATH_KEYS if isinstance(given, dict) and key in given)
        for key in keys:
            if isinstance(given[key], str) and given[key]:
                yield given[key]
                return


def _patch_text(run: Run, step: Step) -> str:
    value = run.contents.value(step.input or 0)
    if isinstance(value, dict):
        value = next((v for v in value.values() if isinstance(v, str)), "")
    return value if isinstance(value, str) else ""


def _has_list(run: Run, step: Step) -> bool:
    """True for a call of a tool that keeps a list, with a list in its arguments."""
    if step.input is None or not _LISTS.search(step.name):
        return False
    if not _HINT.search(run.contents.raw(step.input)[:4096]):
        return False
    given = run.contents.value(step.input)
    return isinstance(given, dict) and any(
        isinstance(given.get(key), list) for key in LIST_KEYS
    )
