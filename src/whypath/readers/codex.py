"""Codex CLI rollouts: https://github.com/openai/codex, codex-rs/history/src/lib.rs.

Not read: what is encrypted, streamed deltas, rate limits and other bookkeeping. Both
generations: `{timestamp, type, payload}`, and bare items after a first line that names
the session. A window is exact from the description of the session, or from the items
that a compaction left; which built-in tools were on offer is not recorded.
"""

from typing import Any

from whypath.builder import Builder
from whypath.readers.codex_session import Rollout
from whypath.records import Records, Sample

NAME = "codex"
TOOL = "Codex CLI"
EXPORT = "take the files under ~/.codex/sessions as they are"
NOT_READ = "encrypted reasoning, streamed deltas, rate limits; built-in tools on offer"
EXAMPLE = "whypath report ~/.codex/sessions/2026/01/31/rollout-TIME-ID.jsonl"

_TYPES = (
    *("session_meta", "response_item", "event_msg", "turn_context", "compacted"),
    *("world_state", "inter_agent_communication"),
)
_HEADER = {"id", "timestamp", "instructions"}


def detect(sample: Sample) -> bool:
    """Some record has a known type and a payload, or is of the old generation."""
    return any(_is_record(value) for value in sample.objects())


def _is_record(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("type") in _TYPES:
        return isinstance(value.get("payload"), dict)
    if value.get("record_type") == "state":
        return True
    header = value.keys() >= _HEADER and "type" not in value
    return header and value.keys() <= {*_HEADER, "git"}


def read(records: Records, builder: Builder) -> None:
    """Files of sub-agents may be read in any order; their parents' are best first."""
    rollout = Rollout(records, builder)
    for record in records.rows():
        rollout.record(record)
    rollout.close()
