"""The containers of spans besides OTLP, and the dialects of vendors found in them."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from samples import ROOT, dump, read_runs
from whypath.errors import TraceError
from whypath.model import Run, Step
from whypath.readers import claimants
from whypath.records import Records

SDK = ROOT / "tests" / "traces" / "otel_sdk"
TRACE = "0af7651916cd43dd8448eb211c80319c"
BASE64_TRACE = "CvdlGRbNQ92ESOshHIAxnA=="

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes values, one a line, to a file whose name says nothing."""

    def to_file(*values: Any) -> Path:
        path = tmp_path / "unknown"
        lines = (v if isinstance(v, str) else json.dumps(v) for v in values)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return to_file


def claimed_by(path: Path) -> list[str]:
    with closing(Records(path)) as records:
        return [reader.NAME for reader in claimants(records.sample())]


def only(path: Path, format: str | None = None) -> Run:
    (run,) = read_runs(path, format)
    return run


def story(run: Run) -> list[tuple[int, str, str]]:
    return [(step.depth, step.kind, step.name) for step in run.steps]


def named(run: Run, name: str) -> Step:
    (step,) = (step for step in run.steps if step.name == name)
    return step


def shown(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def tokens(run: Run) -> tuple[int, int]:
    usages = [step.usage for step in run.steps if step.usage is not None]
    return (
        sum(usage.input_tokens or 0 for usage in usages),
        sum(usage.output_tokens or 0 for usage in usages),
    )


def whats(run: Run) -> list[str]:
    return [problem.what for problem in run.problems]


# --- small traces, written by hand ----------------------------------------------------

ASKED = [{"role": "user", "content": "Is it open?"}]
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "m-1",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Is it open?",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "hours",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": "{}",
    "llm.token_count.prompt": 7,
    "llm.token_count.completion": 2,
    "llm.tools.0.tool.json_schema": '{"name":"hours","parameters":{"a.b":{}}}',
}
NESTED = {
    "openinference": {"span": {"kind": "LLM"}},
    "llm": {
        "model_name": "m-1",
        "input_messages": [{"message": {"role": "user", "content": "Is it open?"}}],
        "output_messages": [
            {
                "message": {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "tool_call": {
                                "id": "c1",
                                "function": {"name": "hours", "arguments": "{}"},
                            }
                        }
                    ],
                }
            }
        ],
        "token_count": {"prompt": 7, "completion": 2},
        "tools": [{"tool": {"json_schema": '{"name":"hours"}'}}],
    },
}
TOOL = {"openinference.span.kind": "TOOL", "tool.name": "hours", "tool.id": "c1"}


def phoenix(number: int, parent: int, name: str, attributes: Any) -> dict[str, Any]:
    return {
        "id": f"U3Bhbjo{number}",
        "name": name,
        "context": {"trace_id": TRACE, "span_id": f"{number:016x}"},
        "span_kind": "UNKNOWN",
        "parent_id": f"{parent:016x}" if parent else None,
        "start_time": f"2026-11-20T10:00:0{number}+00:00",
        "end_time": f"2026-11-20T10:00:0{number}.500+00:00",
        "status_code": "OK",
        "status_message": "",
        "attributes": attributes,
        "events": [],
    }


def column(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A span of Phoenix as a row of its data frame, with a column for each field."""
    found = {k: v for k, v in row.items() if k not in ("context", "attributes")}
    found["context.trace_id"] = row["context"]["trace_id"]
    found["context.span_id"] = row["context"]["span_id"]
    found["start_time"], found["end_time"] = 1_795_000_000_000, 1_795_000_000_500
    found["attributes.input.value"] = None
    return {**found, **{f"attributes.{k}": v for k, v in row["attributes"].items()}}


AGENT = {"openinference.span.kind": "AGENT", "input.value": "Is it open?"}
FLAT_SPANS = [
    phoenix(3, 1, "hours", {**TOOL, "output.value": "until six"}),
    phoenix(2, 1, "ask", OPENINFERENCE),
    phoenix(1, 0, "desk", AGENT),
]
NESTED_SPANS = [FLAT_SPANS[0], phoenix(2, 1, "ask", NESTED), FLAT_SPANS[2]]
COLUMNS = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "m-1",
    "llm.input_messages": [{"message.role": "user", "message.content": "Is it open?"}],
    "llm.output_messages": [
        {
            "message.role": "assistant",
            "message.tool_calls": [
                {
                    "tool_call.id": "c1",
                    "tool_call.function.name": "hours",
                    "tool_call.function.arguments": "{}",
                }
            ],
        }
    ],
    "llm.token_count.prompt": 7,
    "llm.token_count.completion": 2,
    "llm.tools": [{"tool.json_schema": '{"name":"hours"}'}],
}
FRAME = [
    column("desk", FLAT_SPANS[2]),
    column("ask", phoenix(2, 1, "ask", COLUMNS)),
    column("hours", FLAT_SPANS[0]),
]


def trail(number: int, name: str, attributes: Any, *inner: Any) -> dict[str, Any]:
    return {
        "timestamp": f"2025-03-19T16:42:4{number}.650183Z",
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "parent_span_id": None,
        "span_name": name,
        "span_kind": "Internal",
        "service_name": "desk",
        "resource_attributes": {"telemetry.sdk.name": "opentelemetry"},
        "scope_name": "smolagents",
        "span_attributes": attributes,
        "duration": "PT0.5S",
        "status_code": "Unset",
        "status_message": "",
        "events": [],
        "logs": [],
        "child_spans": list(inner),
    }


TRAIL = {
    "trace_id": TRACE,
    "spans": [
        trail(
            1,
            "desk",
            AGENT,
            trail(2, "ask", OPENINFERENCE),
            trail(3, "hours", {**TOOL, "output.value": "until six"}),
        )
    ],
}


def javascript(number: int, parent: int, name: str, attributes: Any) -> dict[str, Any]:
    """A span as the JavaScript SDK has it in memory."""
    start = 1_795_000_000 + number
    return {
        "name": name,
        "spanContext": {"traceId": TRACE, "spanId": f"{number:016x}"},
        "parentSpanContext": {"spanId": f"{parent:016x}"} if parent else None,
        "startTime": [start, 0],
        "endTime": [start, 500_000_000],
        "attributes": attributes,
        "status": {"code": 1},
        "events": [],
        "resource": {"attributes": {"service.name": "desk"}},
        "instrumentationScope": {"name": "desk"},
    }


def console(span: dict[str, Any]) -> dict[str, Any]:
    """The same, as the SDK's exporter to the console puts it."""
    parent = span["parentSpanContext"] or {}
    return {
        "resource": span["resource"],
        "traceId": TRACE,
        "parentId": parent.get("spanId"),
        "name": span["name"],
        "id": span["spanContext"]["spanId"],
        "kind": 0,
        "timestamp": span["startTime"][0] * 1_000_000,
        "duration": 500_000.0,
        "attributes": span["attributes"],
        "status": span["status"],
        "events": [],
    }


def copilot(span: dict[str, Any]) -> dict[str, Any]:
    """The same, as Copilot's exporter to a file puts it."""
    parent = span["parentSpanContext"] or {}
    rest = {k: v for k, v in span.items() if not k.endswith("Context")}
    ids = {"traceId": TRACE, "spanId": span["spanContext"]["spanId"]}
    return {**ids, "parentSpanId": parent.get("spanId"), **rest}


JAVASCRIPT = [
    javascript(1, 0, "desk", AGENT),
    javascript(2, 1, "ask", OPENINFERENCE),
    javascript(3, 1, "hours", {**TOOL, "output.value": "until six"}),
]


def jaeger(number: int, parent: int, name: str, attributes: Any) -> dict[str, Any]:
    refs = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": f"{parent:016x}"}]
    return {
        "traceID": TRACE,
        "spanID": f"{number:016x}",
        "operationName": name,
        "references": refs if parent else [],
        "startTime": 1_795_000_000_000_000 + number * 1_000_000,
        "duration": 500_000,
        "tags": [{"key": k, "type": "string", "value": v} for k, v in attributes],
        "logs": [],
        "processID": "p1",
    }


JAEGER = {
    "data": [
        {
            "traceID": TRACE,
            "spans": [
                jaeger(1, 0, "desk", AGENT.items()),
                jaeger(2, 1, "ask", OPENINFERENCE.items()),
                jaeger(3, 1, "hours", {**TOOL, "output.value": "until six"}.items()),
            ],
            "processes": {"p1": {"serviceName": "desk", "tags": []}},
        }
    ]
}


def otlp(number: int, parent: str, name: str, attributes: Any) -> dict[str, Any]:
    start = 1_795_000_000_000_000_000 + number * 10**9
    return {
        "traceId": BASE64_TRACE,
        "spanId": f"AAAAAAAAAA{number}=",
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": start,
        "endTimeUnixNano": start + 5 * 10**8,
        "attributes": [
            {
                "key": k,
                "value": {"intValue": v} if type(v) is int else {"stringValue": v},
            }
            for k, v in attributes.items()
        ],
        "status": {"code": "STATUS_CODE_OK"},
    }


SPANS = [
    otlp(1, "", "desk", AGENT),
    otlp(2, "AAAAAAAAAA1=", "ask", OPENINFERENCE),
    otlp(3, "AAAAAAAAAA1=", "hours", {**TOOL, "output.value": "until six"}),
]
TEMPO = {
    "batches": [{"resource": {}, "instrumentationLibrarySpans": [{"spans": SPANS}]}]
}
TEMPO_2 = {"trace": {"resourceSpans": [{"scopeSpans": [{"spans": SPANS}]}]}}


def agentops(number: int, parent: int, name: str, attributes: Any) -> dict[str, Any]:
    return {
        "span_id": f"{number:016x}",
        "parent_span_id": f"{parent:016x}" if parent else "",
        "span_name": name,
        "span_kind": "Internal",
        "span_type": "request",
        "start_time": f"2026-11-20T10:00:0{number}+00:00",
        "end_time": f"2026-11-20T10:00:0{number}.500+00:00",
        "status_code": "OK",
        "attributes": {},
        "span_attributes": attributes,
        "event_names": [],
        "event_timestamps": [],
        "event_attributes": [],
    }


AGENTOPS = {
    "trace": {"trace_id": TRACE},
    "spans": [
        agentops(1, 0, "desk", AGENT),
        agentops(2, 1, "ask", NESTED),
        agentops(3, 1, "hours", {**TOOL, "output.value": "until six"}),
    ],
}

CONTAINERS: dict[str, tuple[str, list[Any]]] = {
    "phoenix_flat": ("phoenix", FLAT_SPANS),
    "phoenix_list": ("phoenix", [FLAT_SPANS]),
    "phoenix_nested": ("phoenix", NESTED_SPANS),
    "phoenix_answer": ("phoenix", [{"data": NESTED_SPANS, "next_cursor": None}]),
    "phoenix_frame": ("phoenix", FRAME),
    "trail": ("trail", [TRAIL]),
    "trail_row": ("trail", [{"trace": json.dumps(TRAIL), "labels": "{}"}]),
    "javascript": ("otel-sdk", [JAVASCRIPT]),
    "javascript_console": ("otel-sdk", [console(s) for s in JAVASCRIPT]),
    "javascript_old": (
        "otel-sdk",
        [
            {("_" * (k == "spanContext")) + k: v for k, v in s.items()}
            for s in JAVASCRIPT
        ],
    ),
    "copilot_file": ("otel-sdk", [copilot(s) for s in JAVASCRIPT]),
    "jaeger": ("jaeger", [JAEGER]),
    "jaeger_line": ("jaeger", JAEGER["data"]),
    "tempo": ("tempo", [TEMPO]),
    "tempo_2": ("tempo", [TEMPO_2]),
    "agentops": ("agentops", [AGENTOPS]),
}


@pytest.mark.parametrize("case", CONTAINERS)
def test_every_container_tells_the_same_run(case: str, write: Write) -> None:
    format, values = CONTAINERS[case]
    path = write(*values)
    assert claimed_by(path) == [format]
    run = only(path)
    assert run.id == TRACE
    assert story(run) == [
        (0, "agent", "desk"),
        (1, "model", "m-1"),
        (2, "tool", "hours"),
    ]
    assert run.task == "Is it open?"
    assert tokens(run) == (7, 2)
    model, tool = run.steps[1:]
    assert [tool.name for tool in model.tools or ()] == ["hours"]
    assert model.context is not None
    assert [shown(run, m.content) for m in model.context.add] == ["Is it open?"]
    assert (tool.caller, shown(run, tool.output)) == (2, "until six")
    if case != "phoenix_frame":
        assert model.end_ns is not None
        assert model.end_ns - (model.start_ns or 0) == 5 * 10**8
    assert not [p for p in run.problems if p.level == "loss"], whats(run)


# --- real files -----------------------------------------------------------------------

FILES = {
    "otlp-jaeger/kagent_helm.jaeger.json": "jaeger",
    "otlp-jaeger/kagent_helm_2.jaeger.json": "jaeger",
    "otlp-tempo/tempo_export_with_batches.json": "tempo",
    "agentops/agentops_crewai_trace.json": "agentops",
    "vercel-ai-sdk/all-spans.json": "otel-sdk",
    "otlp-genai/copilot_chat_otel_traces.db": "copilot-otel",
}


@pytest.mark.parametrize("file", FILES)
def test_a_real_file_is_claimed_by_one_reader(corpus: Path, file: str) -> None:
    assert claimed_by(corpus / file) == [FILES[file]]


def tags(span: dict[str, Any]) -> dict[str, Any]:
    """Attributes of Jaeger's and Tempo's spans, apart from any reader."""
    found = {}
    for tag in span.get("tags", span.get("attributes", [])):
        value = tag["value"]
        whole = isinstance(value, dict)
        found[tag["key"]] = next(iter(value.values())) if whole else value
    return found


def counted(said: dict[str, Any], *names: str) -> int:
    """The count under its old name, or else its new one."""
    keys = (f"gen_ai.usage.{name}_tokens" for name in names)
    return next(int(said[key]) for key in keys if key in said)


def kagent_spans(path: Path) -> list[dict[str, Any]]:
    whole = json.loads(path.read_text())
    if "data" in whole:
        return [tags(span) for trace in whole["data"] for span in trace["spans"]]
    return [
        tags(span)
        for batch in whole["batches"]
        for scope in batch["instrumentationLibrarySpans"]
        for span in scope["spans"]
    ]


@pytest.mark.parametrize(
    "file", [name for name in FILES if name.startswith(("otlp-jaeger", "otlp-tempo"))]
)
def test_each_model_call_of_kagent_is_there_once(corpus: Path, file: str) -> None:
    # OpenLLMetry's span is the innermost of the two or three that tell of one call
    calls = [a for a in kagent_spans(corpus / file) if a.get("llm.request.type")]
    run = only(corpus / file)
    models = [step for step in run.steps if step.kind == "model"]
    assert len(models) == len(calls)
    assert tokens(run) == (
        sum(counted(a, "prompt", "input") for a in calls),
        sum(counted(a, "completion", "output") for a in calls),
    )
    assert "the same model call recorded by two instrumentations" in whats(run)


def test_the_noise_around_an_agent_is_hidden(corpus: Path) -> None:
    run = only(corpus / "otlp-jaeger/kagent_helm.jaeger.json")
    assert [step.kind for step in run.steps] == [
        *("event", "agent", "model", "tool", "model")
    ]
    assert run.steps[0].error == "HTTP 404"
    assert run.task == "list all Helm releases"
    assert run.steps[3].caller == 3
    offered = [tool.name for tool in run.steps[2].tools or ()]
    assert "helm_list_releases" in offered


def test_a_crew_of_agentops_has_its_agents_and_its_tokens_once(corpus: Path) -> None:
    file = corpus / "agentops/agentops_crewai_trace.json"
    spans = json.loads(file.read_text())["spans"]
    counts = [s["span_attributes"]["gen_ai"].get("usage", {}) for s in spans]
    calls = [
        n for s, n in zip(spans, counts, strict=True) if s["span_type"] == "request"
    ]
    run = only(file)
    assert tokens(run) == (
        sum(int(n["prompt_tokens"]) for n in calls),
        sum(int(n["completion_tokens"]) for n in calls),
    )
    assert [(d, k) for d, k, _ in story(run)] == [
        *((0, "agent"), (1, "event"), (2, "agent"), (3, "model")),
        *((1, "event"), (2, "agent"), (3, "model")),
    ]
    assert [s.name for s in run.steps if s.kind == "agent"] == [
        *("Crew", "Website Researcher", "Songwriter")
    ]
    first = run.steps[3]
    assert first.context is not None
    assert [m.role for m in first.context.add] == ["system", "user"]


def test_spans_of_the_vercel_ai_sdk_tell_what_was_asked_and_said(corpus: Path) -> None:
    runs = read_runs(corpus / "vercel-ai-sdk/all-spans.json")
    spans = json.loads((corpus / "vercel-ai-sdk/all-spans.json").read_text())
    texts = [s["attributes"].get("ai.response.text") for s in spans]
    said = [shown(run, run.steps[0].output) for run in runs]
    assert [t for t in texts if t] == [t for t in said if t and not t.startswith("{")]
    assert [run.task for run in runs[:2]] == ["Write a haiku about programming."] * 2
    assert [run.steps[0].kind for run in runs] == ["model"] * 8 + ["event"] * 2


def vercel(number: int, parent: int, operation: str, **said: Any) -> dict[str, Any]:
    more = {name.replace("_", "."): value for name, value in said.items()}
    fields = {"ai.operationId": operation, "ai.model.id": "m-1", **more}
    return javascript(number, parent, operation, fields)


VERCEL_USAGE = {"ai.usage.promptTokens": 5, "ai.usage.completionTokens": 3}
VERCEL = [
    vercel(
        1,
        0,
        "ai.streamText",
        ai_prompt=json.dumps({"system": "Be brief.", "prompt": "Is it open?"}),
    ),
    vercel(2, 1, "ai.streamText.doStream"),
    vercel(3, 1, "ai.toolCall"),
    vercel(4, 1, "ai.streamText.doStream", ai_response_text="Until six."),
]
VERCEL[0]["attributes"] |= {"ai.telemetry.functionId": "desk", **VERCEL_USAGE}
VERCEL[1]["attributes"] |= {
    **VERCEL_USAGE,
    "ai.prompt.messages": json.dumps(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Is it open?"}]},
        ]
    ),
    "ai.prompt.tools": ['{"type":"function","name":"hours","inputSchema":{}}'],
    "ai.response.toolCalls": json.dumps(
        [{"toolCallId": "c1", "toolName": "hours", "input": '{"day":"monday"}'}]
    ),
}
VERCEL[2]["attributes"] |= {
    "ai.toolCall.name": "hours",
    "ai.toolCall.id": "c1",
    "ai.toolCall.args": '{"day":"monday"}',
    "ai.toolCall.result": '"until six"',
}
VERCEL[3]["attributes"] |= VERCEL_USAGE


def test_a_stream_of_the_vercel_ai_sdk_is_an_agent_around_its_calls(
    write: Write,
) -> None:
    run = only(write(VERCEL))
    assert story(run) == [
        (0, "agent", "desk"),
        (1, "model", "m-1"),
        (2, "tool", "hours"),
        (1, "model", "m-1"),
    ]
    assert tokens(run) == (10, 6)
    assert run.task == "Is it open?"
    assert [tool.name for tool in run.steps[1].tools or ()] == ["hours"]
    assert shown(run, run.steps[2].input) == '{"day":"monday"}'
    assert run.steps[2].caller == 2


def test_an_outer_and_an_inner_span_of_one_call_are_one_model_call(
    write: Write,
) -> None:
    outer = {**VERCEL[0], "name": "ai.generateText"}
    outer["attributes"] = {**outer["attributes"], "ai.operationId": "ai.generateText"}
    run = only(write([outer, VERCEL[3]]))
    assert [kind for _, kind, _ in story(run)] == ["model"]
    assert tokens(run) == (5, 3)


# --- the real SDK ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["console.json", "spans.jsonl", "otlp.jsonl"])
def test_what_the_real_sdk_writes_reads_as_before(
    name: str, golden: Callable[[str, str], None]
) -> None:
    run = only(SDK / name)
    golden(f"otel_sdk/{name.partition('.')[0]}.txt", dump(run))


def test_all_exporters_of_the_sdk_tell_the_same_steps() -> None:
    runs = [only(SDK / name) for name in ("console.json", "spans.jsonl", "otlp.jsonl")]
    steps = [dump(run).partition("\n")[2].partition("\n!")[0].strip() for run in runs]
    # the SDK's own JSON has microseconds, OTLP nanoseconds
    assert steps[0] == steps[1]
    assert [story(run) for run in runs] == [story(runs[0])] * 3
    assert {tokens(run) for run in runs} == {(808, 40)}


def sdk_usage() -> tuple[int, int]:
    """Tokens of the calls, apart from the reader; the agent only sums them up."""
    given = made = 0
    for line in (SDK / "spans.jsonl").read_text().splitlines():
        span = json.loads(line)["attributes"]
        if span.get("gen_ai.operation.name") == "invoke_agent":
            continue
        given += span.get("gen_ai.usage.input_tokens", 0)
        made += span.get("gen_ai.usage.output_tokens", 0)
        given += span.get("decision.token_count.input", 0)
        made += span.get("decision.token_count.output", 0)
    return given, made


def test_the_sum_on_the_agent_is_not_counted_again() -> None:
    assert tokens(only(SDK / "spans.jsonl")) == sdk_usage()


@pytest.mark.parametrize(
    ("name", "options", "chosen", "confidence", "outcome"),
    [
        (
            "team",
            [("refunds", 0.91), ("shipping", 0.07), ("legal", 0.02)],
            ["refunds"],
            0.91,
            None,
        ),
        ("is_angry", [("true", 0.23)], [], None, None),
        (
            "urgency",
            [("low", 0.1), ("normal", 0.6), ("high", 0.3)],
            [],
            0.7,
            "score 1.2",
        ),
        ("is_lying", [], [], None, None),
        ("within_limit", [("true", 0.98)], [], None, None),
        ("next", [("pay", 0.83), ("ask", 0.17)], ["pay"], 0.83, None),
    ],
)
def test_a_decision_of_the_real_api_has_its_options_and_what_was_chosen(
    name: str,
    options: list[tuple[str, float]],
    chosen: list[str],
    confidence: float | None,
    outcome: str | None,
) -> None:
    decision = named(only(SDK / "otlp.jsonl"), name).decision
    assert decision is not None
    assert decision.basis == "recorded"
    assert [(o.name, o.score) for o in decision.options] == options
    assert [option.name for option in decision.chosen] == chosen
    assert (decision.confidence, decision.outcome) == (confidence, outcome)


# --- times, states, ids ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT5M37.78S", 337.78),
        ("PT0S", 0),
        ("P1DT2H", 93_600),
        ("PT0.000000001S", 1e-9),
        ("PT", None),
        ("soon", None),
        (7, None),
        (None, None),
    ],
)
def test_a_duration_of_iso_8601_gives_the_end(
    write: Write, duration: Any, seconds: float | None
) -> None:
    span = {**trail(1, "desk", AGENT), "duration": duration}
    step = only(write({"trace_id": TRACE, "spans": [span]}), "trail").steps[0]
    took = None if step.end_ns is None else step.end_ns - (step.start_ns or 0)
    assert took == (None if seconds is None else round(seconds * 1e9))


def test_an_exception_is_told_in_every_container(write: Write) -> None:
    said = {"exception.type": "Timeout", "exception.message": "no answer"}
    event = {"name": "exception", "timestamp": "2026-11-20T10:00:03+00:00"}
    fields = [{"key": "event", "value": "exception"}]
    fields += [{"key": k, "value": v} for k, v in said.items()]
    failed = jaeger(1, 0, "hours", TOOL.items())
    failed["tags"].append({"key": "error", "type": "bool", "value": True})
    failed["logs"] = [{"timestamp": 1_795_000_000_500_000, "fields": fields}]
    in_agentops = {
        **agentops(1, 0, "hours", TOOL),
        "status_code": "ERROR",
        "event_names": ["exception"],
        "event_timestamps": ["2026-11-20T10:00:03+00:00"],
        "event_attributes": [
            {"exception": {"type": "Timeout", "message": "no answer"}}
        ],
    }
    broken = {"status_code": "ERROR", "events": [{**event, "attributes": said}]}
    capital = {"Name": "exception", "Timestamp": event["timestamp"], "Attributes": said}
    cases = (
        {"traceID": TRACE, "spans": [failed]},
        {**phoenix(1, 0, "hours", TOOL), **broken},
        {"trace": {"trace_id": TRACE}, "spans": [in_agentops]},
        {
            "spans": [
                {**trail(1, "hours", TOOL), "status_code": "Error", "events": [capital]}
            ]
        },
        {
            **javascript(1, 0, "hours", TOOL),
            "status": {"code": 2},
            "events": [{"name": "exception", "attributes": said, "time": [1, 2]}],
        },
    )
    errors = [only(write(case)).steps[0].error for case in cases]
    assert errors == ["Timeout: no answer"] * len(cases)


def test_an_older_clients_error_in_a_jaeger_log_is_told(write: Write) -> None:
    span = jaeger(1, 0, "hours", {**TOOL, "error": "true"}.items())
    fields = {"event": "error", "error.object": "E", "message": "no answer"}
    logged = [{"key": key, "value": value} for key, value in fields.items()]
    span["logs"] = [{"timestamp": 1, "fields": logged}]
    step = only(write({"traceID": TRACE, "spans": [span]})).steps[0]
    assert (step.status, step.error) == ("error", "no answer")


def test_a_span_that_follows_another_hangs_under_it(write: Write) -> None:
    span = jaeger(2, 1, "hours", TOOL.items())
    span["references"][0]["refType"] = "FOLLOWS_FROM"
    spans = [jaeger(1, 0, "desk", AGENT.items()), span]
    assert only(write({"traceID": TRACE, "spans": spans})).steps[1].parent == 1


def test_a_child_without_a_parents_id_hangs_under_the_span_that_holds_it(
    write: Write,
) -> None:
    run = only(write(TRAIL))
    assert [step.parent for step in run.steps] == [None, 1, 1]
    assert dict(run.labels)["service"] == "desk"


def test_what_a_row_says_beside_its_attributes_is_kept(write: Write) -> None:
    row = {**FRAME[1], "cumulative_llm_token_count_prompt": 7}
    step = only(write(row)).steps[0]
    assert step.details is not None


# --- dialects of vendors --------------------------------------------------------------

USAGE = '{"input":7,"output":2,"input_cached_tokens":4,"total":9}'
HEARD = json.dumps(ASKED)
REPLY = '{"role":"assistant","content":"Until six."}'
DIALECTS: dict[str, dict[str, Any]] = {
    "langfuse": {
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": HEARD,
        "langfuse.observation.output": REPLY,
        "langfuse.observation.model.name": "m-1",
        "langfuse.observation.usage_details": USAGE,
        "langfuse.observation.cost_details": '{"total":0.25}',
    },
    "laminar": {
        "lmnr.span.type": "LLM",
        "lmnr.span.input": HEARD,
        "lmnr.span.output": REPLY,
        "gen_ai.request.model": "m-1",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
    },
    "langsmith": {
        "langsmith.span.kind": "llm",
        "gen_ai.prompt": HEARD,
        "gen_ai.completion": REPLY,
        "gen_ai.request.model": "m-1",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
    },
    "voltagent": {
        "voltagent.operation_id": "1",
        "entity.type": "agent",
        "span.type": "llm",
        "llm.messages": HEARD,
        "output": REPLY,
        "ai.model.name": "m-1",
        "usage.prompt_tokens": 7,
        "usage.completion_tokens": 2,
    },
    "livekit": {
        "lk.pii.chat_ctx": json.dumps(
            {"items": [{"type": "message", "role": "user", "content": ["Is it open?"]}]}
        ),
        "lk.pii.response.text": "Until six.",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m-1",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
    },
    "logfire": {
        "request_data": json.dumps({"model": "m-1", "messages": ASKED}),
        "response_data": json.dumps(
            {
                "message": json.loads(REPLY),
                "usage": {"prompt_tokens": 7, "completion_tokens": 2},
            }
        ),
    },
    "gemini_cli": {
        "gen_ai.agent.name": "gemini-cli",
        "gen_ai.operation.name": "llm_call",
        "gen_ai.request.model": "m-1",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"text":"Is it open?"}]}]',
        "gen_ai.output.messages": '[{"role":"model","parts":[{"text":"Until six."}]}]',
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
    },
    "traceloop": {
        "llm.request.type": "chat",
        "gen_ai.request.model": "m-1",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Is it open?",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Until six.",
        "gen_ai.usage.prompt_tokens": 7,
        "gen_ai.usage.completion_tokens": 2,
    },
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_model_call_is_known_in_every_dialect(dialect: str, write: Write) -> None:
    name = "llm_node" if dialect == "livekit" else "call"
    run = only(write(javascript(1, 0, name, DIALECTS[dialect])))
    (step,) = run.steps
    assert (step.kind, step.model) == ("model", "m-1")
    assert step.context is not None
    assert [shown(run, m.content) for m in step.context.add] == ["Is it open?"]
    assert shown(run, step.output) == "Until six."
    assert tokens(run) == (7, 2)


def test_tokens_and_cost_of_langfuse_are_told(write: Write) -> None:
    usage = only(write(javascript(1, 0, "call", DIALECTS["langfuse"]))).steps[0].usage
    assert usage is not None
    assert (usage.cache_read_tokens, usage.cost_usd) == (4, 0.25)


def test_spans_of_claude_code_tell_what_is_not_redacted(write: Write) -> None:
    request = {
        "span.type": "llm_request",
        "model": "m-1",
        "input_tokens": 3,
        "cache_read_tokens": 4,
        "output_tokens": 2,
        "response.model_output": "Let me look.",
    }
    tool = {
        "span.type": "tool",
        "tool_name": "Bash",
        "full_command": "ls",
        "tool_input": "<REDACTED>",
    }
    output = {"name": "tool.output", "time": [1, 0], "attributes": {"output": "a.txt"}}
    prompt = {"span.type": "interaction", "user_prompt": "Look."}
    spans = [
        javascript(1, 0, "claude_code.interaction", prompt),
        javascript(2, 1, "claude_code.llm_request", request),
        {**javascript(3, 1, "claude_code.tool", tool), "events": [output]},
    ]
    run = only(write(spans))
    assert story(run) == [
        (0, "agent", "Claude Code"),
        (1, "model", "m-1"),
        (1, "tool", "Bash"),
    ]
    assert run.task == "Look."
    assert tokens(run) == (7, 2)
    assert shown(run, run.steps[1].output) == "Let me look."
    assert shown(run, run.steps[2].input) == '{"full_command":"ls"}'
    assert shown(run, run.steps[2].output) == "a.txt"


def test_a_tool_of_livekit_is_linked_to_its_call(write: Write) -> None:
    called = [{"call_id": "c1", "name": "hours", "arguments": '{"day":1}'}]
    node = {
        "lk.response.function_calls": json.dumps(called),
        "lk.function_tools": ["hours", "book"],
    }
    tool = {
        "lk.function_tool.name": "hours",
        "lk.function_tool.id": "c1",
        "lk.function_tool.arguments": '{"day":1}',
        "lk.function_tool.output": "until six",
    }
    spans = [
        javascript(1, 0, "agent_session", {"lk.agent_name": "desk"}),
        javascript(2, 1, "llm_node", node),
        javascript(3, 1, "function_tool", tool),
    ]
    run = only(write(spans))
    assert [kind for _, kind, _ in story(run)] == ["agent", "model", "tool"]
    assert run.steps[2].caller == 2
    assert [tool.name for tool in run.steps[1].tools or ()] == ["hours", "book"]


# --- broken input ---------------------------------------------------------------------

OTHERS: tuple[Any, ...] = (None, 7, -1.5, "x", True, [], {}, [None], {"a": [1]}, 10**30)


def with_others(value: Any) -> Iterator[Any]:
    """The value, each value in it in turn replaced by every other kind."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in OTHERS)
            yield from ({**value, key: changed} for changed in with_others(inner))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:2]):
            for other in (*OTHERS, *with_others(inner)):
                yield [*value[:number], other, *value[number + 1 :]]


@pytest.mark.parametrize("case", CONTAINERS)
def test_no_value_of_any_type_stops_a_reader(case: str, tmp_path: Path) -> None:
    format, values = CONTAINERS[case]
    path = tmp_path / "trace.json"
    for changed in with_others(values[-1]):
        path.write_text(json.dumps(changed), encoding="utf-8")
        try:
            runs = read_runs(path, format)
        except TraceError:
            continue
        assert all(run.steps for run in runs)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_attribute_of_any_type_stops_a_dialect(dialect: str, write: Write) -> None:
    span = javascript(1, 0, "call", DIALECTS[dialect])
    spans = [
        {**span, "attributes": attributes}
        for attributes in with_others(DIALECTS[dialect])
    ]
    for number, each in enumerate(spans):
        each["spanContext"] = {"traceId": TRACE, "spanId": f"{number + 1:016x}"}
    run = only(write(spans), "otel-sdk")
    assert 0 < len(run.steps) <= len(spans)


@pytest.mark.parametrize("format", ["jaeger", "tempo", "phoenix", "trail", "agentops"])
def test_what_is_no_span_is_a_problem(format: str, write: Write) -> None:
    whole = next(values[0] for name, values in CONTAINERS.values() if name == format)
    path = write(whole, 7, '"text"')
    run = only(path, format)
    assert any(problem.level == "loss" for problem in run.problems)


def test_a_cut_file_keeps_the_spans_before_the_cut(write: Write) -> None:
    text = json.dumps(JAEGER, indent=1)
    run = only(write(text[: text.rindex('"operationName"')]), "jaeger")
    assert [step.name for step in run.steps][:2] == ["desk", "m-1"]
    assert any(problem.level == "loss" for problem in run.problems)
