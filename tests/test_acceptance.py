"""What a report says in numbers is what its trace holds, counted here in another way.

Each rule stands as a sentence and as the line of jq that anyone can check it with. The
numbers are read from the totals in the report's HTML, as its reader does.
"""

import gc
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from samples import EXAMPLES
from whypath.cli import main


class Counted(NamedTuple):
    """A run in numbers. Tokens are None where no call records any."""

    steps: int
    decisions: int
    errors: int
    tokens_in: int | None
    tokens_out: int | None


class Totals(HTMLParser):
    """Reads the list of totals in the head of a report: texts and tooltips."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "ul":
            self._inside = known.get("class") == "totals"
        elif self._inside and known.get("title"):
            self.said.append(str(known["title"]))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "ul"

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.said.append(data.strip())


def reported(folder: Path, *arguments: str) -> Counted:
    """The totals of the report that the command line writes."""
    page = folder / "report.html"
    result = CliRunner().invoke(main, ["report", *arguments, "-o", str(page)])
    gc.enable()
    assert result.exit_code == 0, result.output
    totals = Totals()
    totals.feed(page.read_text("utf-8"))
    said = "\n".join(totals.said)

    def number(pattern: str) -> int | None:
        found = re.search(rf"^{pattern}", said, re.MULTILINE)
        return int(found[1].replace(",", "")) if found else None

    steps, decisions = number(r"([\d,]+) steps?$"), number(r"([\d,]+) decisions?$")
    errors = number(r"([\d,]+) errors?$")
    assert steps is not None
    assert decisions is not None
    assert errors is not None
    tokens_in, tokens_out = number(r"([\d,]+) in"), number(r".* ([\d,]+) out$")
    assert (tokens_in is None) is ("tokens not recorded" in totals.said)
    return Counted(steps, decisions, errors, tokens_in, tokens_out)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def of_claude_code(path: Path) -> Counted:
    """A step is a prompt, an answer of the model (its rows share an id), or a call; an
    error is a result that says so, or a prompt that says the person stopped the agent.

    jq -rs '[.[] | select(.message)] as $m
      | [$m[] | select(.type=="assistant") | .message.id] | unique | length'   answers
    jq -rs '[.[].message.content | arrays | .[] | select(.type=="tool_use")] | length'
    jq -rs '[.[] | select(.type=="user" and (.message.content | type)=="string")]
      | length'                                                                prompts
    jq -rs '[.[].message.content | arrays | .[] | select(.is_error)] | length'
    jq -rs '[.[] | select(.type=="assistant")] | group_by(.message.id)
      | map(.[-1].message.usage | .input_tokens + .cache_creation_input_tokens
        + .cache_read_input_tokens) | add'                                     tokens in
    """
    rows = [row for row in lines(path) if "message" in row]
    prompts = [r for r in rows if r["type"] == "user" and _is_prompt(r["message"])]
    answers: dict[str, dict[str, Any]] = {}
    deciding, calls = set(), 0
    for row in rows:
        if row["type"] == "assistant":
            message = row["message"]
            answers[message["id"]] = message["usage"]
            made = [b for b in message["content"] if b["type"] == "tool_use"]
            calls += len(made)
            if made:
                deciding.add(message["id"])
    blocks = [
        b for row in rows for b in row["message"]["content"] if isinstance(b, dict)
    ]
    kinds = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Counted(
        steps=len(prompts) + len(answers) + calls,
        decisions=len(deciding),
        errors=sum(bool(block.get("is_error")) or _is_stop(block) for block in blocks),
        tokens_in=sum(usage[kind] for usage in answers.values() for kind in kinds),
        tokens_out=sum(usage["output_tokens"] for usage in answers.values()),
    )


def _is_prompt(message: dict[str, Any]) -> bool:
    content = message["content"]
    if isinstance(content, str):
        return True
    return all(block["type"] != "tool_result" for block in content)


def _is_stop(block: dict[str, Any]) -> bool:
    return str(block.get("text")).startswith("[Request interrupted by user")


def spans(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each span and its attributes, unwrapped."""
    for record in lines(path):
        for resource in record["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    given = span.get("attributes", ())
                    yield (
                        span,
                        {a["key"]: next(iter(a["value"].values())) for a in given},
                    )


def of_openinference(path: Path) -> Counted:
    """A step is a span but for the CHAINs, which only wrap; a decision is an LLM span
    that was offered tools or called one.

    jq -r '.resourceSpans[].scopeSpans[].spans[] | (.attributes | from_entries)
      ["openinference.span.kind"].stringValue' FILE | grep -vc CHAIN
    jq -r '.resourceSpans[].scopeSpans[].spans[].attributes[]
      | select(.key=="llm.token_count.prompt") | .value.intValue' FILE | paste -sd+ | bc
    """
    found = list(spans(path))
    models = [a for _, a in found if a.get("openinference.span.kind") == "LLM"]
    mark = re.compile(r"llm\.tools\.|llm\.output_messages\.\d+\.message\.tool_calls\.")
    return Counted(
        steps=sum(a.get("openinference.span.kind") != "CHAIN" for _, a in found),
        decisions=sum(any(mark.match(key) for key in a) for a in models),
        errors=sum(span["status"].get("code") == 2 for span, _ in found),
        tokens_in=sum(int(a["llm.token_count.prompt"]) for a in models),
        tokens_out=sum(int(a["llm.token_count.completion"]) for a in models),
    )


def of_copilot(path: Path) -> Counted:
    """A run is every trace that names its chat session, and every span is a step; a
    decision is a chat span that was offered tools. The agent's own sum is not added.

    jq -r '.resourceSpans[].scopeSpans[].spans[] | .traceId as $t | .attributes[]
      | select(.key | endswith("chat_session_id")) | [.value.stringValue, $t] | @tsv'
      FILE | sort -u                                                   traces of a run
    jq -r '.resourceSpans[].scopeSpans[].spans[] | select(.traceId==("A","B")) | .name'
    """
    found = list(spans(path))
    sessions: dict[str, set[str]] = {}
    for span, given in found:
        for name in ("chat_session_id", "parent_chat_session_id"):
            if session := given.get(f"copilot_chat.{name}"):
                sessions.setdefault(session, set()).add(span["traceId"])
    runs = ([(s, a) for s, a in found if s["traceId"] in t] for t in sessions.values())
    run = max(runs, key=len)
    chats = [a for _, a in run if a["gen_ai.operation.name"] == "chat"]
    return Counted(
        steps=len(run),
        decisions=sum("gen_ai.tool.definitions" in a for a in chats),
        errors=sum(span["status"].get("code") == 2 for span, _ in run),
        tokens_in=sum(int(a["gen_ai.usage.input_tokens"]) for a in chats),
        tokens_out=sum(int(a["gen_ai.usage.output_tokens"]) for a in chats),
    )


def of_tau_bench(path: Path, task: int) -> Counted:
    """A step is a message (a tool's stands for its call) and the evaluation at the end;
    a decision is an answer with calls; a result that begins with `Error` is an error.

    jq '[.[] | select(.task_id==1 and .trial==0)][0].traj | length + 1' FILE
    jq '[.[] | select(.task_id==1 and .trial==0)][0].traj
      | map(select(.tool_calls)) | length' FILE
    """
    runs = json.loads(path.read_bytes())
    (run,) = [r for r in runs if (r["task_id"], r["trial"]) == (task, 0)]
    messages = run["traj"]
    results = [m["content"] for m in messages if m["role"] == "tool"]
    return Counted(
        steps=len(messages) + 1,
        decisions=sum(bool(m.get("tool_calls")) for m in messages),
        errors=sum(result.startswith("Error") for result in results),
        tokens_in=None,
        tokens_out=None,
    )


def of_native(path: Path) -> Counted:
    """A step is each id of a step record, and each decision that belongs to no step; a
    decision is a decision record, a model step that saw or called tools, a guardrail,
    or the step that goes on after a branch was left.

    jq -rs '[.[] | select(.type=="step").id] | unique | length' FILE
    jq -rs '[.[] | select(.type=="decision" and .step==null)] | length' FILE
    jq -rs '[.[] | select(.error and .type=="step")] | length' FILE
    jq -rs '[.[].usage.input_tokens | numbers] | add' FILE
    """
    records = lines(path)
    offered = bool(records[0].get("tools"))
    steps: dict[str, dict[str, Any]] = {}
    decided: set[str] = set()
    for number, record in enumerate(records):
        if record["type"] not in ("step", "decision"):
            continue
        id = record.get("step") or record.get("id") or f"line {number}"
        steps[id] = {**steps.get(id, {}), **record}
        if record["type"] == "decision":
            decided.add(id)
    left = False
    for id, step in steps.items():
        tools = step.get("tools", offered)
        if step.get("kind") == "model" and (step.get("calls") or tools):
            decided.add(id)
        if step.get("kind") == "guardrail" or (left and not step.get("abandoned")):
            decided.add(id)
        left = bool(step.get("abandoned"))
    usages = [r["usage"] for r in records if "usage" in r]
    return Counted(
        steps=len(steps),
        decisions=len(decided),
        errors=sum(bool(step.get("error")) for step in steps.values()),
        tokens_in=sum(usage["input_tokens"] for usage in usages) if usages else None,
        tokens_out=sum(usage["output_tokens"] for usage in usages) if usages else None,
    )


REAL: dict[str, tuple[str, Callable[[Path], Counted], list[str]]] = {
    "a long session of Claude Code": (
        "claude-code/sniffly_d3ad4cdc-5657-435d-98fa-0035d53e383d.jsonl",
        of_claude_code,
        [],
    ),
    "a session that was stopped": (
        "claude-code/gitai_example-claude-code.jsonl",
        of_claude_code,
        [],
    ),
    "a session with many errors": (
        "claude-code/ccviewer_fe5e1c67-53e7-4862-81ae-d0e013e3270b.jsonl",
        of_claude_code,
        [],
    ),
    "agents that hand over, by OpenInference": (
        "otlp-openinference/openai_agents_0.24.0_oi_2.5.3.jsonl",
        of_openinference,
        [],
    ),
    "an editor's agent, by GenAI conventions": (
        "otlp-genai/copilot_chat_otel.derived.otlp.jsonl",
        of_copilot,
        [],
    ),
    "a benchmark's run": (
        "tau-bench/gpt-4o-airline.json",
        lambda path: of_tau_bench(path, 1),
        ["--run", "task-1-trial-0"],
    ),
    "a benchmark's run with calls": (
        "tau-bench/gpt-4o-airline.json",
        lambda path: of_tau_bench(path, 2),
        ["--run", "task-2-trial-0"],
    ),
}


@pytest.mark.parametrize(("name", "count", "more"), REAL.values(), ids=REAL)
def test_a_report_of_a_real_trace_says_what_the_trace_holds(
    corpus: Path,
    tmp_path: Path,
    name: str,
    count: Callable[[Path], Counted],
    more: list[str],
) -> None:
    path = corpus / name
    counted = count(path)
    assert counted.steps > 1
    assert reported(tmp_path, str(path), *more) == counted


NATIVE = sorted(
    path for path in EXAMPLES.glob("*/*.jsonl") if path.name.count(".") == 1
)


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: path.stem)
def test_a_report_of_an_example_says_what_the_trace_holds(
    tmp_path: Path, path: Path
) -> None:
    counted = of_native(path)
    assert counted.decisions > 1
    assert reported(tmp_path, str(path)) == counted


def test_there_are_examples_to_count() -> None:
    assert len(NATIVE) >= 4
