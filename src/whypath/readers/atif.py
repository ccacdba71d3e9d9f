"""https://github.com/harbor-framework/harbor/blob/main/rfcs/0001-trajectory-format.md

Not read: images and sounds that lie beside the file, token ids. Versions 1.0 to 1.8 of
ATIF. A run is one trajectory, with the sub-agents and continuations that it refers to.
"""

from pathlib import Path
from typing import Any

from whypath.builder import Builder
from whypath.readers.atif_links import Links
from whypath.readers.atif_runs import Document
from whypath.readers.fields import as_fields, as_items, is_list
from whypath.records import Raw, Records, Sample

NAME = "atif"
TOOL = "Harbor, NeMo Agent Toolkit, and other writers of ATIF trajectories"
EXPORT = "take agent/trajectory.json of a Harbor trial, or another tool's ATIF export"
NOT_READ = "images and sounds beside the file, token ids"
EXAMPLE = "whypath report jobs/JOB/TRIAL/agent/trajectory.json"

_DEEPEST = 3
_PARTS = ("cont-*", "summarization-*")
"""What Harbor calls the parts of a trajectory, between its name and `.json`."""


def detect(sample: Sample) -> bool:
    """Some record is a trajectory, or an object of trajectories."""
    return any(
        _is_trajectory(value)
        or any(isinstance(v, dict) and _is_trajectory(v) for v in value.values())
        for value in sample.objects()
    )


def _is_trajectory(value: dict[str, Any]) -> bool:
    """By its version, or by its steps where the version is missing or cut off."""
    if str(value.get("schema_version")).startswith("ATIF"):
        return True
    agent, steps = value.get("agent"), value.get("steps")
    if not isinstance(agent, dict) or "name" not in agent:
        return False
    if not isinstance(steps, list):
        return "tool_definitions" in agent and "version" in agent
    return any(isinstance(s, dict) and {"step_id", "source"} <= s.keys() for s in steps)


def companions(path: Path) -> list[Path]:
    """The parts that Harbor writes beside a trajectory, by their names alone."""
    stem = path.name.removesuffix(".json")
    return sorted(
        found
        for part in _PARTS
        for found in path.parent.glob(f"*.{part}.json")
        if found.name.startswith(f"{stem}.") and found != path
    )


def read(records: Records, builder: Builder) -> None:
    """Every trajectory is a run; which belongs to which is told when all are read."""
    links = builder.shared(Links)
    for record in records:
        builder.about = None
        if not _read(record.data, record.line, records.path, links, 0):
            what = "a record that is no trajectory"
            builder.problem("loss", what, "left out", record.line)


def _read(
    raw: bytes | Raw, line: int, path: Path | None, links: Links, depth: int
) -> bool:
    """Reads a trajectory, or those in a list or object. False: there is none."""
    fields = as_fields(raw)
    if "steps" in fields or "schema_version" in fields:
        Document(fields, line, path, links).read()
        return True
    if depth == _DEEPEST:
        return False
    inner = as_items(raw) if is_list(raw) else list(fields.values())
    found = [_read(item, line, path, links, depth + 1) for item in inner]
    if any(found) and not all(found):
        links.builder.about = None
        what = "something that is no trajectory, beside trajectories"
        links.builder.problem("loss", what, "left out", line)
    return any(found)
