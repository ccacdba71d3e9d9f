"""Verdicts on pairs of real runs, each checked by hand against the raw traces.

Why each is right is said in `PAIRS`; what the tool says is in golden/diff/.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import Golden
from whypath.build import compare_all, masks, pick_runs
from whypath.derive.diffs.diff import Diff
from whypath.derive.diffs.words import chain, join, verdict

COPIES = {
    "cc_gitai": "claude-code/gitai_example-claude-code.jsonl",
    "cc_subagents_dir": "claude-code/agentpile/subagents.jsonl",
    "cc_sniffly_big": "claude-code/sniffly_d3ad4cdc-5657-435d-98fa-0035d53e383d.jsonl",
    "cc_ccviewer_sidechains": (
        "claude-code/ccviewer_fe5e1c67-53e7-4862-81ae-d0e013e3270b.jsonl#1"
    ),
    "tau_first_0": "tau-bench/gpt-4o-airline.first20.jsonl#1",
}
"""Sessions that another tool copied into other formats."""


class Pair(NamedTuple):
    """Two runs below the corpus; the class of the cause; why that is right."""

    a: str
    b: str
    kind: str | None
    why: str


def tau(task: int, one: str, other: str) -> tuple[str, str]:
    base = f"tau-bench/pairs/task{task}_trial"
    return f"{base}{one}.json", f"{base}{other}.json"


def marshmallow(one: str, other: str) -> tuple[str, str]:
    base = "swe-agent/marshmallow-1867"
    return f"{base}.{one}.traj", f"{base}.{other}.traj"


HELD = "the user gives the user id in the one run and holds it back in the other; with "
HELD += "it the model looks the reservations up, without it asks again"
ASKED = "all decisions before are the same, and the last thing said differs: the one "
ASKED += "user also asks for a nonstop flight, the other only confirms the upgrade"
PROMPTS = (
    "model and tools aside, the system prompts are two: one lists the commands and "
)
PROMPTS += "their syntax, the other leaves them to function calls"
TWO_STYLES = "one system prompt is for typed commands, the other for tool calls with a "
TWO_STYLES += "worked example; the runs are replays, one installs the package first"

FC, REPLACE = "function_calling", "function_calling_replace"
SOURCE = "function_calling_replace_from_source"

PAIRS = {
    "tau-1-0-1": Pair(*tau(1, "0_reward0", "1_reward1"), "input", HELD),
    "tau-1-0-2": Pair(
        *tau(1, "0_reward0", "2_reward0"),
        "input",
        "no tool is called in trial 0, which ends when the user gives up; in trial 2 "
        "the user asks for a person at step 18, and gets one at step 19",
    ),
    "tau-1-0-3": Pair(
        *tau(1, "0_reward0", "3_reward0"),
        None,
        "no tool is called in either; only words differ, and both rewards are 0",
    ),
    "tau-1-1-2": Pair(*tau(1, "1_reward1", "2_reward0"), "input", HELD),
    "tau-1-1-3": Pair(*tau(1, "1_reward1", "3_reward0"), "input", HELD),
    "tau-1-2-3": Pair(
        *tau(1, "2_reward0", "3_reward0"),
        "input",
        "trial 3 ends without a tool; in trial 2 the user asks for a person",
    ),
    "tau-13-0-1": Pair(*tau(13, "0_reward0", "1_reward1"), "input", ASKED),
    "tau-13-0-2": Pair(
        *tau(13, "0_reward0", "2_reward1"),
        "input",
        f"{ASKED}; trial 2 makes the very same search at step 21, where they join",
    ),
    "tau-13-0-3": Pair(
        *tau(13, "0_reward0", "3_reward0"),
        "input",
        "both have searched for the same flights; then the one user asks when the "
        "flight leaves now, the other picks HAT052",
    ),
    "tau-13-1-2": Pair(
        *tau(13, "1_reward1", "2_reward1"),
        "input",
        "both upgrades failed in the same way; then the one user names Atlanta as the "
        "origin, the other speaks of that segment, which begins in Los Angeles",
    ),
    "tau-13-1-3": Pair(*tau(13, "1_reward1", "3_reward0"), "input", ASKED),
    "tau-13-2-3": Pair(
        *tau(13, "2_reward1", "3_reward0"),
        "input",
        f"{ASKED}; trial 2 makes the very same search at step 21, where they join",
    ),
    "marshmallow-typed-calls": Pair(
        *marshmallow("default", FC), "configuration", PROMPTS
    ),
    "marshmallow-typed-replace": Pair(
        *marshmallow("default", REPLACE), "configuration", PROMPTS
    ),
    "marshmallow-typed-source": Pair(
        *marshmallow("default", SOURCE), "configuration", TWO_STYLES
    ),
    "marshmallow-calls-replace": Pair(
        *marshmallow(FC, REPLACE),
        "configuration",
        "prompt, task and answers are equal to the letter up to step 5; what differs "
        "is in the recorded configuration: the bundle of edit tools, of which only "
        "the second has `insert`",
    ),
    "marshmallow-calls-source": Pair(
        *marshmallow(FC, SOURCE), "configuration", TWO_STYLES
    ),
    "marshmallow-replace-source": Pair(
        *marshmallow(REPLACE, SOURCE), "configuration", TWO_STYLES
    ),
    "inspect-ctf-epochs": Pair(
        "inspect/docent_ctf.json#1",
        "inspect/docent_ctf.json#2",
        "choice",
        "two epochs of one sample: prompt, tools, settings, the first call and its "
        "result are equal; only what the model wrote at step 13 is in other words",
    ),
    "kagent-helm": Pair(
        "otlp-jaeger/kagent_helm.jaeger.json",
        "otlp-jaeger/kagent_helm_2.jaeger.json",
        "input",
        "system prompt, model and the nine tools are equal; the user says “list all "
        "Helm releases” in the one and “get me all the Helm releases” in the other",
    ),
}


def diff_of(corpus: Path, a: str, b: str) -> Diff:
    """The diff of two runs below the corpus."""
    picked = pick_runs([str(corpus / a), str(corpus / b)], [])
    (diff,) = compare_all(picked.runs, masks([], []))
    return diff


def told(name: str, pair: Pair, diff: Diff) -> str:
    """What the tool says, and what a person found in the traces."""
    joined = join(diff)
    links = [f"  {link.role}: {link.text}" for link in chain(diff)]
    by_hand = f"by hand: {pair.why}"
    said = [verdict(diff).text, *([joined] if joined else []), *links]
    return "\n".join([name, *said, by_hand]) + "\n"


@pytest.mark.parametrize("name", PAIRS)
def test_the_verdict_on_a_pair_is_what_a_person_finds(
    corpus: Path, golden: Golden, name: str
) -> None:
    pair = PAIRS[name]
    diff = diff_of(corpus, pair.a, pair.b)
    assert (diff.cause.kind if diff.cause is not None else None) == pair.kind
    golden(f"diff/{name}.txt", told(name, pair, diff))


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_the_other_way_round_parts_at_the_same_place(
    corpus: Path, name: str
) -> None:
    pair = PAIRS[name]
    one, other = diff_of(corpus, pair.a, pair.b), diff_of(corpus, pair.b, pair.a)
    assert (one.cause and one.cause.kind) == (other.cause and other.cause.kind)
    if one.parting is not None and other.parting is not None:
        assert one.parting.a.step == other.parting.b.step
        assert one.parting.b.step == other.parting.a.step


@pytest.mark.parametrize("ending", ["atif", "otlp"])
@pytest.mark.parametrize("name", COPIES)
def test_a_trace_and_its_copy_in_another_format_decide_the_same(
    corpus: Path, name: str, ending: str
) -> None:
    copy = f"derived-crossformat/{name}.{ending}.json"
    if not (corpus / copy).exists():
        pytest.skip(f"there is no {ending} copy of {name}")
    diff = diff_of(corpus, COPIES[name], copy)
    assert diff.same_decisions, verdict(diff).text
    assert len(diff.a.decisions) == len(diff.b.decisions)


@pytest.mark.parametrize("name", COPIES)
def test_a_trace_and_itself_decide_the_same(corpus: Path, name: str) -> None:
    trace, _, run = COPIES[name].partition("#")
    diff = diff_of(corpus, f"{trace}#{run or 1}", f"{trace}#{run or 1}")
    assert diff.same_decisions
    assert not any(row.differs for row in diff.rows)
