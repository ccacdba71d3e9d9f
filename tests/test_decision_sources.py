"""Decisions in real traces: a table for each, checked by hand against its file.

The tables hold names, counts and sources of what was said, and none of its words.
"""

from pathlib import Path

import pytest

from conftest import Golden
from samples import ROOT, read_runs
from whypath.content import ContentStore
from whypath.derive.decisions.find import find_decisions
from whypath.model import Decision, Option, Run

LONGEST = 30
MANY = 6

OWN = f"{ROOT}/tests/traces/"
TRACES = {
    "chat-choices": OWN + "chat/log.jsonl",
    "claude-code-asked": OWN + "claude-code/questions.jsonl",
    "adk-transfer": "google-adk/sample.session.json",
    "atof-guardrail": "atof/exmp03_atof.jsonl",
    "claude-code": "claude-code/gitai_example-claude-code.jsonl",
    "claude-code-rewind": "claude-code/agentpile/edit_branch.jsonl",
    "codex-catalogue": "codex-rollout/agentsessions_codex_catalogue_0.146.jsonl",
    "copilot-router": "other-cli/copilot_small.jsonl",
    "inspect-again": "inspect/log_message_deduplication.eval",
    "inspect-ctf": "inspect/docent_ctf.json",
    "kimi-permissions": "other-cli/kimi_assistant_tools.jsonl",
    "langgraph-routes": "langfuse/langgraph-python-2025-08-22.trace.json",
    "managed-agents-reject": (
        "anthropic-managed-agents/anthropic_managed_mcp_tools_reject.jsonl"
    ),
    "openai-agents-handoff": ("otlp-openinference/openai_agents_0.24.0_oi_2.5.3.jsonl"),
    "openai-agents-approval": (
        "openai-agents-runstate/v1_13_pending_tool_approval.json"
    ),
    "openhands": "openhands-v0/basic_gui_mode.json",
    "atif-two-agents": "atif/atif_multiagent.json",
    "qwen-rewind": "other-cli/qwen_019f0000-0000-7000-8000-000000000004.jsonl",
    "tau-lost": "tau-bench/pairs/task13_trial0_reward0.json",
    "tau-won": "tau-bench/pairs/task13_trial1_reward1.json",
}
"""Golden -> file. Fifteen formats, and every kind of decision the corpus holds.

What no file there holds is in a trace of our own.
"""


@pytest.mark.parametrize("name", TRACES)
def test_the_decisions_of_a_real_trace_are_those_of_its_file(
    name: str, corpus: Path, golden: Golden
) -> None:
    """`--update-golden` writes the tables anew; then read them beside the raw files."""
    tables = [table(run) for run in read_runs(corpus / TRACES[name])]
    golden(f"decisions/{name}.txt", "\n".join(tables))


def table(run: Run) -> str:
    """A block a decision: question and chosen, then a line for each other fact."""
    lines = [f"run {run.id}  {run.format}  {len(run.steps)} steps"]
    for decision in find_decisions(run).values():
        lines.extend(_block(run, decision))
    return "\n".join(lines) + "\n"


def _block(run: Run, decision: Decision) -> list[str]:
    contents = run.contents
    chosen = [_option(option, contents) for option in decision.chosen]
    others = [o for o in decision.options if not o.chosen]
    why = None
    if decision.rationale is not None:
        size = len(contents.text(decision.rationale))
        why = f"{decision.rationale_from}, {size} characters"
    facts = {
        "not": _few([_option(option, contents) for option in others]),
        "note": decision.options_note,
        "why": why,
        "confidence": decision.confidence,
        "after": decision.failed and f"step {decision.failed}: {decision.recovery}",
        "led to": decision.outcome,
    }
    told = [f"    {name} {fact}" for name, fact in facts.items() if fact is not None]
    question = decision.question.partition(": ")[0].rstrip("?")
    head = f"s{decision.step}  {question}?  [{decision.basis}]"
    return [f"{head}  {'; '.join(chosen) or 'nothing'}", *told]


def _option(option: Option, contents: ContentStore) -> str:
    """An option by its name, a longer text by its length."""
    name = option.name if len(option.name) <= LONGEST else f"{len(option.name)} letters"
    if option.chosen and option.arguments is not None:
        keys = contents.keys(option.arguments)
        name += f"({', '.join(keys)})"
    if option.score is not None:
        name += f" ({option.score:.3g})"
    return f"{name}: {option.reason}" if option.reason == "abandoned" else name


def _few(names: list[str]) -> str | None:
    shown = ", ".join(names[:MANY])
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return shown + more or None
