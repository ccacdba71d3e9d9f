"""Turns the runs of LangSmith into spans of no container's shape.

Part of the `langsmith` reader: kinds, places in the tree, errors, sessions. What a
single run was given and gave back is the work of `langsmith_facts`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from whypath.builder import Builder
from whypath.model import Status
from whypath.readers import told_spans
from whypath.readers.langchain_messages import final_in, is_router, route, task_in
from whypath.readers.langsmith_facts import facts_of
from whypath.readers.span_notes import Note
from whypath.readers.span_values import as_event, as_object, as_text, objects
from whypath.readers.spans import Event, Role, Span, as_number

Fields = dict[str, Any]


class Row(NamedTuple):
    """A run: what is known of it, and where it was first read."""

    id: str
    fields: Fields
    file: str
    line: int


Rows = dict[str, Row]

_ROLES: dict[str, Role] = {
    "llm": "model",
    "tool": "tool",
    "retriever": "retrieval",
    "embedding": "event",
    "chain": "structure",
    "prompt": "structure",
    "parser": "structure",
}
_HIDDEN = "langsmith:hidden"
_THREADS = ("thread_id", "session_id", "conversation_id")
_DROPPED_EVENTS = ("new_token", "start", "end", "error")
_TOLD = {
    *("id", "trace_id", "parent_run_id", "parent_run_ids", "dotted_order", "name"),
    *("run_type", "start_time", "end_time", "status", "error", "inputs", "outputs"),
    *("events", "extra", "tags", "session_name", "session_id", "child_run_ids"),
    *("prompt_tokens", "completion_tokens", "total_tokens", "usage_metadata"),
    *("prompt_cost", "completion_cost", "total_cost", "direct_child_run_ids"),
    *("prompt_token_details", "completion_token_details", "serialized"),
    *("prompt_cost_details", "completion_cost_details", "feedback_stats"),
    *("inputs_preview", "outputs_preview", "app_path", "manifest_id", "runtime"),
    *("execution_order", "child_execution_order", "in_dataset"),
    *("last_queued_at", "share_token", "trace_tier", "trace_first_received_at"),
    *("ttl_seconds", "trace_upgrade", "manifest_s3_id", "latency", "thread_id"),
}  # fmt: skip
"""Fields of a run that are shown as something else, or follow from others."""


def spans_of(rows: Rows, builder: Builder) -> Iterator[Span]:
    """The runs as spans, in order of first mention."""
    around = _parents(rows)
    inside = set(around.values())
    agents = _agents(rows, around)
    nodes = {n for row in rows.values() if (n := _node(row))}
    for row in rows.values():
        parent = around.get(row.id) or _given_parent(row)
        is_leaf = row.id not in inside
        kind = "agent" if row.id in agents else _role(row, is_leaf, nodes)
        yield _span(row, parent, _trace(row, rows, around), kind, builder)


def notes_of(rows: Rows) -> Iterator[Note]:
    """What the outermost runs were asked for, what came out, how it was judged."""
    around = _parents(rows)
    for row in rows.values():
        labels = {}
        for name, stats in as_object(row.fields.get("feedback_stats")).items():
            mean = as_number(as_object(stats).get("avg"))
            if mean is not None:
                labels[f"score {name}"] = f"{mean:g}"
        if row.id in around or _given_parent(row):
            if labels:
                yield Note(row.id, labels=labels)
            continue
        if project := as_text(row.fields.get("session_name")):
            labels["project"] = project
        said = row.fields.get("outputs")
        answer = final_in(said) if said else None
        yield Note(row.id, task_in(row.fields.get("inputs")), answer, labels=labels)


def _span(
    row: Row, parent: str | None, trace: str, kind: Role | None, builder: Builder
) -> Span:
    fields = row.fields
    status, message = _status(row)
    told = facts_of(fields, kind)
    if kind == "agent":
        told[told_spans.NAME] = _name(row)
    if kind == "decision":
        told[told_spans.DECISION] = route(_name(row), fields.get("outputs"))
    if status == "unset" and told.pop("failed", False):
        status, message = "error", told.get(told_spans.OUTPUT)
        message = message if isinstance(message, str) else None
    attributes = {**_attributes(row, parent is None), told_spans.KIND: kind, **told}
    return Span(
        trace_id=trace,
        span_id=row.id,
        parent_id=parent,
        name=_name(row),
        start_ns=builder.time(_zoned(fields.get("start_time")), row.line),
        end_ns=builder.time(_zoned(fields.get("end_time")), row.line),
        status=status,
        message=message,
        attributes={k: v for k, v in attributes.items() if v is not None},
        events=tuple(_events(row, builder)),
        resource={},
        scope="langsmith",
        line=row.line,
        file=row.file,
    )


def _role(row: Row, is_leaf: bool, nodes: set[str]) -> Role | None:
    """What a run is. One that LangGraph hides, and that is no router, is plumbing."""
    role = _ROLES.get(str(row.fields.get("run_type")), "structure")
    if role == "model" and _metadata(row).get("ls_model_type") == "embedding":
        return "event"
    if role != "structure":
        return role
    if is_leaf and is_router(_name(row), _node(row), row.fields.get("outputs"), nodes):
        return "decision"
    return None if _HIDDEN in _tags(row) else role


def _agents(rows: Rows, around: dict[str, str]) -> set[str]:
    """Runs that stand for an agent: chains round model calls, at the top or a graph."""
    found = {
        id for id, row in rows.items() if as_text(_metadata(row).get("ls_agent_type"))
    }
    for row in rows.values():
        if row.fields.get("run_type") not in ("llm", "tool"):
            continue
        seen, at = {row.id}, around.get(row.id)
        while at is not None and at not in seen:
            seen.add(at)
            above = rows[at]
            is_top = at not in around and not _given_parent(above)
            is_graph = is_top or _name(above) == "LangGraph"
            if is_graph and above.fields.get("run_type") == "chain":
                found.add(at)
            at = around.get(at)
    return found


def _parents(rows: Rows) -> dict[str, str]:
    """The run around each run, where both are there."""
    found = {row.id: _given_parent(row) for row in rows.values()}
    return {id: above for id, above in found.items() if above and above in rows}


def _given_parent(row: Row) -> str | None:
    """The id of the run around this one, as it says itself or as its place says."""
    parent = as_text(row.fields.get("parent_run_id"))
    if parent is None:
        order = as_text(row.fields.get("dotted_order")) or ""
        before = order.rpartition(".")[0].rpartition(".")[2]
        parent = before.partition("Z")[2] or None
    return None if parent == row.id else parent


def _trace(row: Row, rows: Rows, around: dict[str, str]) -> str:
    """The trace's id: its outermost run's."""
    given = as_text(row.fields.get("trace_id"))
    if given is None and (order := as_text(row.fields.get("dotted_order"))):
        given = order.partition(".")[0].partition("Z")[2] or None
    if given is not None:
        return given
    seen, at = {row.id}, row.id
    while (above := around.get(at)) is not None and above not in seen:
        seen.add(above)
        at = above
    return as_text(rows[at].fields.get("trace_id")) or at


def _attributes(row: Row, is_root: bool) -> Fields:
    """What a run says beside its facts."""
    fields, metadata = row.fields, _metadata(row)
    empty: tuple[Any, ...] = (None, "", [], {}, False)
    found = {k: v for k, v in fields.items() if k not in _TOLD and v not in empty}
    found |= {
        f"metadata.{name}": value
        for name, value in metadata.items()
        if name not in ("usage_metadata", "ls_model_name") and value not in empty
    }
    threads = (_scalar(metadata.get(name)) for name in _THREADS)
    thread = next((t for t in threads if t), _scalar(fields.get("thread_id")))
    found["session.id"] = thread
    if is_root:
        found["tag.tags"] = _tags(row) or None
        found["user.id"] = _scalar(metadata.get("user_id"))
    elif _tags(row):
        found["tags"] = _tags(row)
    if error := as_text(fields.get("error")):
        found["error"] = error
    return found


def _status(row: Row) -> tuple[Status, str | None]:
    """How a run ended, and what went wrong: an error's own line, not its traceback."""
    error = row.fields.get("error")
    status = row.fields.get("status")
    if not error:
        if status == "error":
            return "error", None
        return ("ok" if status == "success" else "unset"), None
    if not isinstance(error, str):
        return "error", as_text(as_object(error).get("message"))
    said, _, trace = error.partition("Traceback (most recent call last)")
    lines = (said.strip() or trace.strip()).splitlines()
    if not lines:
        return "error", None
    return "error", lines[0 if said.strip() else -1]


def _events(row: Row, builder: Builder) -> Iterator[Event]:
    """What happened in a run beside its start, its end and its tokens."""
    for event in objects(row.fields.get("events")):
        if event.get("name") not in _DROPPED_EVENTS:
            given = {**event, "attributes": as_object(event.get("kwargs"))}
            yield as_event(given, builder, row.line)


def _metadata(row: Row) -> Fields:
    return as_object(as_object(row.fields.get("extra")).get("metadata"))


def _node(row: Row) -> str | None:
    return as_text(_metadata(row).get("langgraph_node"))


def _name(row: Row) -> str:
    return as_text(row.fields.get("name")) or ""


def _tags(row: Row) -> list[str]:
    tags = row.fields.get("tags")
    return [t for t in tags if isinstance(t, str)] if isinstance(tags, list) else []


def _scalar(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value else None


def _zoned(time: Any) -> Any:
    """A time as LangSmith means it: UTC, where it says nothing."""
    if isinstance(time, str) and len(time) >= 19 and time[-1:].isdigit():
        return time if "+" in time[10:] or "-" in time[10:] else f"{time}Z"
    return time
