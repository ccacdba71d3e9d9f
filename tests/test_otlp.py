"""The OTLP reader: real exports counted with jq, our own samples, and bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samples import CORPUS, ROOT, dump, read_runs
from whypath.builder import Builder
from whypath.errors import EmptyTrace, TraceError
from whypath.model import Run, Step
from whypath.readers import otlp
from whypath.records import Records

TRACES = ROOT / "tests" / "traces" / "otlp"
TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "aaaa651916cd43dd8448eb211c80319c"
START = 1_795_000_000_000_000_000

Write = Callable[..., Path]


def value(plain: Any) -> dict[str, Any]:
    """An `AnyValue`."""
    match plain:
        case bool():
            return {"boolValue": plain}
        case int():
            return {"intValue": str(plain)}
        case float():
            return {"doubleValue": plain}
        case str():
            return {"stringValue": plain}
        case list():
            return {"arrayValue": {"values": [value(item) for item in plain]}}
    return {"kvlistValue": {"values": attributes(plain)}}


def attributes(plain: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(item)} for key, item in plain.items()]


def span(
    number: int,
    parent: int = 0,
    name: str = "span",
    said: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A span that starts `number` seconds after the first and takes half a second."""
    start = START + number * 10**9
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 5 * 10**8),
        "attributes": attributes(said or {}),
        "status": {},
        **fields,
    }


def batch(*spans: Any, scope: str = "agent") -> dict[str, Any]:
    return {
        "resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": spans}]}]
    }


def chat(said: str = "", seen: Any = None, **more: Any) -> dict[str, Any]:
    """The attributes of a model call."""
    found = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **more}
    if said:
        found["gen_ai.output.messages"] = said
    if seen is not None:
        found["gen_ai.input.messages"] = seen
    return found


def answer(*parts: dict[str, Any]) -> str:
    return json.dumps([{"role": "assistant", "parts": list(parts)}])


def call(name: str, arguments: Any, id: str | None = None) -> dict[str, Any]:
    part = {"type": "tool_call", "name": name, "arguments": arguments}
    return part if id is None else {**part, "id": id}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, **more}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes batches, or lines as they are, one a line."""

    def to_file(*lines: dict[str, Any] | str) -> Path:
        path = tmp_path / "unknown"
        texts = (x if isinstance(x, str) else json.dumps(x) for x in lines)
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return path

    return to_file


def only(path: Path) -> Run:
    (run,) = read_runs(path, "otlp")
    return run


def kinds(run: Run) -> list[tuple[str, str]]:
    return [(step.kind, step.name) for step in run.steps]


def named(run: Run, name: str) -> Step:
    (step,) = (step for step in run.steps if step.name == name)
    return step


def shown(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def whats(run: Run) -> list[str]:
    return [problem.what for problem in run.problems]


def totals(runs: tuple[Run, ...]) -> str:
    """Runs, model steps, tool steps, calls, errors, input tokens, output tokens."""
    steps = [step for run in runs for step in run.steps]
    usages = [step.usage for step in steps if step.usage is not None]
    counts = (
        len(runs),
        sum(step.kind == "model" for step in steps),
        sum(step.kind in ("tool", "handoff") for step in steps),
        sum(len(step.calls) for step in steps),
        sum(step.status == "error" for step in steps),
        sum(usage.input_tokens or 0 for usage in usages),
        sum(usage.output_tokens or 0 for usage in usages),
    )
    return " ".join(map(str, counts))


# Counted apart from the reader, the runs by hand (traces that share a session's id):
# jq -n 'def a: .attributes|map({key,value:(.value|to_entries[0].value)})|from_entries;
#  [inputs|..|objects|select(has("spanId") and has("traceId"))|.a=a
#   |.op=(.a["gen_ai.operation.name"] // .a["openinference.span.kind"])]
#  | map(select(.op=="chat" or .op=="LLM")) as $m | {model: ($m|length),
#   tool: (map(select(.op=="execute_tool" or .op=="TOOL"))|length),
#   errors: (map(select(.status.code==2))|length),
#   input: ($m|map(.a["gen_ai.usage.input_tokens"] // .a["llm.token_count.prompt"]
#    |tonumber)|add),
#   output: ($m|map(.a["gen_ai.usage.output_tokens"] // .a["llm.token_count.completion"]
#    |tonumber)|add),
#   calls: ($m|map(([.a["gen_ai.output.messages"]//empty|fromjson|.[].parts[]
#    |select(.type=="tool_call")]|length) + ([.a|keys[]
#    |select(test("^llm.output_messages.*tool_call.function.name$"))]|length))|add)
#  }' FILE
@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("otlp-openinference/openai_agents_0.24.0_oi_2.5.3.jsonl", "1 3 2 2 0 120 30"),
        (
            "otlp-openinference/openai_agents_0.24.0_oi_2.5.3_as_tool.json",
            "1 3 1 1 0 120 30",
        ),
        (
            "otlp-genai/copilot_chat_otel.derived.otlp.jsonl",
            "6 9 5 2 0 71671 1696",
        ),
        ("otlp-genai/pydantic_ai_2.58.0.json", "2 3 2 2 0 184 42"),
        ("otlp-genai/pydantic_ai_2.58.0_delegation.json", "1 3 1 1 0 160 16"),
    ],
    ids=["openai_agents", "agent_as_tool", "copilot", "pydantic_ai", "delegation"],
)
def test_a_real_export_has_the_counts_that_jq_finds(
    corpus: Path, file: str, counts: str
) -> None:
    assert totals(read_runs(corpus / file, "otlp")) == counts


def test_a_real_handoff_reads_like_a_story(corpus: Path) -> None:
    name = "otlp-openinference/openai_agents_0.24.0_oi_2.5.3.jsonl"
    run = only(corpus / name)
    assert [(s.depth, s.kind, s.name, s.caller) for s in run.steps] == [
        (0, "agent", "Agent workflow", None),
        (1, "agent", "Triage", None),
        (2, "model", "fake-model", None),
        (3, "tool", "lookup_order", 3),
        (2, "model", "fake-model", None),
        (3, "handoff", "handoff to Refunds", 5),
        (1, "agent", "Refunds", None),
        (2, "model", "fake-model", None),
    ]
    assert run.task == "Where is order A1? I want a refund."
    assert [t.name for t in run.steps[2].tools or ()] == [
        "lookup_order",
        "transfer_to_refunds",
    ]
    assert run.steps[4].context is not None
    assert (run.steps[4].context.base, run.steps[4].context.keep) == (3, 2)


def test_copilot_traces_are_joined_by_the_session_id_of_their_vendor(
    corpus: Path,
) -> None:
    runs = read_runs(corpus / "otlp-genai/copilot_chat_otel.derived.otlp.jsonl", "otlp")
    joined = [run for run in runs if len(run.steps) > 1]
    assert [run.id[:8] for run in joined] == ["48eb5d32", "f25ea82a"]
    assert {run.agent for run in joined} == {"GitHub Copilot Chat"}
    assert all(run.outcome and run.outcome.answer is not None for run in joined)


@pytest.mark.parametrize("name", sorted(path.name for path in TRACES.glob("*.jsonl")))
def test_a_sample_reads_as_before(
    name: str, golden: Callable[[str, str], None]
) -> None:
    run = only(TRACES / name)
    golden(f"otlp/{name.removesuffix('.jsonl')}.txt", dump(run))


def test_otlp_claims_its_own_files_and_no_other_format(shared: Path) -> None:
    claimed = set()
    for path in sorted(CORPUS.rglob("*")):
        if path.suffix in (".json", ".jsonl") and path.is_file():
            with path.open("rb") as stream:
                sample = Records(path, stream).sample()
            if otlp.detect(sample):
                claimed.add(path.relative_to(CORPUS).parts[0])
    assert claimed == {"otlp-genai", "otlp-openinference", "derived-crossformat"}


def test_every_hostile_trace_ends_in_a_run_or_in_a_sentence(shared: Path) -> None:
    folder = shared / "hostile" / "traces"
    unreadable = set()
    for path in sorted(folder.glob("*.jsonl")):
        try:
            runs = read_runs(path, "otlp")
        except TraceError:
            unreadable.add(path.name)
            continue
        assert runs, path.name
        assert all(run.steps for run in runs), path.name
    located = {"all_garbage.jsonl", "binary.jsonl", "empty.jsonl", "utf16.jsonl"}
    assert located <= unreadable
    assert {name for name in unreadable if not name.startswith("mut_")} == located


def test_a_file_without_spans_has_no_run(shared: Path) -> None:
    for name in ("events.json", "logs.json", "metrics.json"):
        with pytest.raises(EmptyTrace):
            read_runs(shared / "hostile" / "otlp" / name, "otlp")


# --- decisions ------------------------------------------------------------------------


def test_a_decision_span_is_a_recorded_decision_with_its_options_and_scores() -> None:
    run = only(TRACES / "decisions.jsonl")
    decision = named(run, "route").decision
    assert decision is not None
    assert decision.question == "Which team?"
    assert decision.basis == "recorded"
    assert [(o.name, o.chosen, o.score) for o in decision.options] == [
        ("refunds", True, 0.81),
        ("sales", False, 0.15),
        ("legal", False, 0.04),
    ]
    assert decision.confidence == 0.81


@pytest.mark.parametrize(
    ("name", "chosen", "confidence"),
    [
        ("is_fraud", ["false"], 0.93),
        ("urgency", ["0.7"], 0.6),
        ("within_policy", [], None),
        ("escalate", [], None),
    ],
)
def test_what_was_not_answered_is_not_made_up(
    name: str, chosen: list[str], confidence: float | None
) -> None:
    decision = named(only(TRACES / "decisions.jsonl"), name).decision
    assert decision is not None
    assert [option.name for option in decision.chosen] == chosen
    assert decision.confidence == confidence


def test_an_older_llm_span_of_a_decision_model_is_a_decision_too() -> None:
    step = named(only(TRACES / "decisions.jsonl"), "escalate")
    assert (step.kind, step.model) == ("decision", "jev-0")


# --- each call once -------------------------------------------------------------------


def test_a_call_that_two_instrumentations_recorded_is_there_once() -> None:
    run = only(TRACES / "two_instrumentations.jsonl")
    assert [kind for kind, _ in kinds(run)] == ["agent", "model", "tool", "model"]
    assert totals((run,)) == "1 2 1 1 0 300 30"
    assert "the same model call recorded by two instrumentations" in whats(run)
    assert shown(run, run.steps[3].reasoning) == "Two of them."


def test_parallel_calls_of_one_instrumentation_stay_apart(write: Write) -> None:
    twins = [span(n, 1, "chat m", chat(answer())) for n in (2, 3)]
    twins[1].update({k: twins[0][k] for k in ("startTimeUnixNano", "endTimeUnixNano")})
    run = only(
        write(batch(span(1, 0, "a", {"openinference.span.kind": "AGENT"}), *twins))
    )
    assert [kind for kind, _ in kinds(run)] == ["agent", "model", "model"]


def test_the_sum_on_an_agent_span_is_shown_and_not_counted(write: Write) -> None:
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 9}
    model = chat("hi", **{"gen_ai.usage.input_tokens": 9})
    run = only(write(batch(span(1, 0, "a", agent), span(2, 1, "chat m", model))))
    assert totals((run,)) == "1 1 0 0 0 9 0"
    assert run.steps[0].usage is None
    assert run.steps[0].details is not None
    details = run.contents.value(run.steps[0].details)
    assert details["gen_ai.usage.input_tokens"] == 9


def test_a_span_around_several_model_calls_is_no_model_call() -> None:
    run = only(TRACES / "vercel.jsonl")
    assert kinds(run)[:2] == [("agent", "support"), ("model", "m-1")]
    assert totals((run,)) == "1 2 1 1 0 70 9"


def test_a_pending_span_and_a_repeated_one_are_left_out(write: Write) -> None:
    done = span(1, 0, "chat m", chat("hi"))
    running = span(2, 1, "chat m", {**chat(), "logfire.span_type": "pending_span"})
    run = only(write(batch(running), batch(done), batch(done)))
    assert len(run.steps) == 1
    assert "the same span recorded twice" in whats(run)


# --- calls, tools, results ------------------------------------------------------------


def test_tool_spans_without_a_calls_id_find_their_call_by_arguments() -> None:
    run = only(TRACES / "openllmetry.jsonl")
    by_input = {shown(run, s.input): s for s in run.steps if s.kind == "tool"}
    assert shown(run, by_input['{"to": "PAR"}'].output) == "none"
    assert by_input['{"to": "PAR"}'].call_id == "t2"
    assert by_input['{"to": "ROM"}'].call_id == "t1"
    assert {step.caller for step in by_input.values()} == {2}


def test_a_result_that_only_a_later_message_holds_makes_the_tool_step() -> None:
    hotels = named(only(TRACES / "openllmetry.jsonl"), "hotels")
    assert (hotels.status, hotels.output is not None) == ("ok", True)


def test_calls_without_any_id_are_linked_by_name(write: Write) -> None:
    said = answer(call("look", {"q": 1}), call("look", {"q": 2}))
    second = tool("look", **{"gen_ai.tool.call.arguments": '{"q":2}'})
    first = tool("look", **{"gen_ai.tool.call.arguments": '{"q":1}'})
    run = only(
        write(
            batch(span(3, 0, "t", second), span(4, 0, "t", first)),
            batch(span(1, 0, "chat m", chat(said))),
        )
    )
    assert [(s.kind, s.caller) for s in run.steps] == [
        ("model", None),
        ("tool", 1),
        ("tool", 1),
    ]
    assert run.steps[0].calls[1].id == run.steps[1].call_id


def test_a_calls_id_used_again_belongs_to_the_second_call_too(write: Write) -> None:
    said = chat(answer(call("look", {}, "c1")))
    done = tool("look", **{"gen_ai.tool.call.id": "c1"})
    steps = [span(1, 0, "chat", said), span(2, 0, "t", done)]
    steps += [span(3, 0, "chat", said), span(4, 0, "t", done)]
    run = only(write(batch(*steps)))
    assert [step.caller for step in run.steps] == [None, 1, None, 3]


def test_a_tool_whose_id_no_model_made_finds_a_call_that_has_none(
    write: Write,
) -> None:
    """Google ADK gives its tool spans an id, and the calls of its models none."""
    part = {"functionCall": {"name": "look", "args": {"q": 1}}}
    said = json.dumps({"content": {"role": "model", "parts": [part]}})
    asked = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
    names = ("gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response")
    model = dict(zip(names, (asked, said), strict=True))
    done = tool("look", **{"gen_ai.tool.call.id": "adk-1"})
    other = tool("walk", **{"gen_ai.tool.call.id": "adk-2"})
    steps = [span(1, 0, "call_llm", model), span(2, 0, "t", done)]
    run = only(write(batch(*steps, span(3, 0, "t", other))))
    assert [(s.kind, s.caller) for s in run.steps] == [
        ("model", None),
        ("tool", 1),
        ("tool", None),
    ]
    assert run.steps[0].calls[0].id == run.steps[1].call_id == "adk-1"
    assert run.problems == ()


def test_a_tool_whose_id_no_model_made_does_not_take_a_call_with_another_id(
    write: Write,
) -> None:
    said = chat(answer(call("look", {}, "c1")))
    done = tool("look", **{"gen_ai.tool.call.id": "c2"})
    run = only(write(batch(span(1, 0, "chat", said), span(2, 0, "t", done))))
    tools = [(s.call_id, s.caller) for s in run.steps if s.kind == "tool"]
    assert sorted(tools, key=str) == [("c1", 1), ("c2", None)]


def test_an_agent_that_a_tool_runs_is_a_thread_of_its_own(corpus: Path) -> None:
    run = only(corpus / "otlp-genai" / "pydantic_ai_2.58.0_delegation.json")
    helper = [step for step in run.steps if step.agent == "helper_agent"]
    assert {step.thread for step in helper if step.kind == "model"} != {""}
    assert {step.thread for step in run.steps if step.agent == "boss_agent"} == {""}


# --- messages and events --------------------------------------------------------------


def test_messages_as_events_and_as_log_records_become_the_window() -> None:
    run = only(TRACES / "events_and_logs.jsonl")
    models = [step for step in run.steps if step.kind == "model"]
    seen = [[m.role for m in s.context.add] for s in models if s.context is not None]
    assert seen == [["system", "user"], ["user", "tool"]]
    assert shown(run, models[1].output) == "I could not find out."


def test_an_exception_event_is_the_error_of_its_step() -> None:
    run = only(TRACES / "events_and_logs.jsonl")
    (step,) = (step for step in run.steps if step.kind == "tool")
    assert step.error == "TimeoutError: no answer in 30 s"


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        ({"code": 2, "message": "no"}, {}, "no"),
        ({"code": "STATUS_CODE_ERROR"}, {"error.type": "Timeout"}, "Timeout"),
        ({"code": "2"}, {}, "failed; no message is recorded"),
        ({"code": 0}, {"error.type": "Timeout"}, "Timeout"),
        ({"code": 1}, {}, None),
        ({"code": [2]}, {}, None),
        (None, {}, None),
    ],
    ids=["message", "enum_name", "text", "type_alone", "ok", "nonsense", "missing"],
)
def test_a_status_in_any_spelling_says_if_a_step_failed(
    write: Write, status: Any, said: dict[str, Any], error: str | None
) -> None:
    run = only(write(batch(span(1, 0, "t", tool("look", **said), status=status))))
    assert run.steps[0].error == error
    assert run.steps[0].status == ("error" if error else "ok")
    ended = "ok" if status == {"code": 1} else "unknown"
    assert run.status == ("error" if error else ended)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            '[{"role":"user","parts":[{"type":"text","content":"cut of',
            [("user", "text")],
        ),
        ("just text", [("user", "text")]),
        ([{"role": "user", "content": "hi"}], [("user", "text")]),
        ('[{"role":"user","parts":[7,null,{}]}]', [("user", "text"), ("user", "text")]),
        ('[{"role":5,"content":{"x":1}}]', [("user", "data")]),
        (
            '[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},'
            '{"type":"function_call_output","call_id":"c","output":"x"}]',
            [("assistant", "call"), ("tool", "result")],
        ),
        (
            '[{"role":"user","parts":[{"type":"tool_call_response","id":"c",'
            '"result":{"a":1}}]}]',
            [("user", "result")],
        ),
        (
            '[{"role":"model","parts":[{"thought":true,"text":"hm"},'
            '{"functionCall":{"name":"f","args":{}}}]}]',
            [("model", "reasoning"), ("model", "call")],
        ),
    ],
    ids=[
        *("cut", "bare_text", "structured", "wrong_parts", "wrong_role"),
        *("responses_api", "result_from_user", "google"),
    ],
)
def test_messages_of_every_shape_become_parts_of_the_window(
    write: Write, seen: Any, expected: list[tuple[str, str]]
) -> None:
    run = only(write(batch(span(1, 0, "chat m", chat("ok", seen)))))
    context = run.steps[0].context
    assert context is not None
    assert [(m.role, m.kind) for m in context.add] == expected


def test_an_input_that_holds_no_message_is_kept_as_the_input(write: Write) -> None:
    said = {"openinference.span.kind": "LLM", "output.value": "Paris"}
    said["input.value"] = '{"args": [], "kwargs": {"formatted": true}}'
    (step,) = (run := only(write(batch(span(1, 0, "predict", said))))).steps
    assert (step.kind, step.context) == ("model", None)
    assert shown(run, step.input) == said["input.value"]
    assert shown(run, step.output) == "Paris"


def test_a_window_repeated_at_each_call_is_kept_once(write: Write) -> None:
    words = [{"role": "user", "parts": [{"type": "text", "content": f"w{n}" * 50}]}
             for n in range(30)]  # fmt: skip
    spans = [
        span(n, 0, "chat m", chat("ok", json.dumps(words[:n]))) for n in range(1, 30)
    ]
    run = only(write(batch(*spans)))
    added = [len(s.context.add) for s in run.steps if s.context is not None]
    assert added == [1] * 29
    assert len(run.contents) < 60


# --- tokens ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"gen_ai.usage.input_tokens": "61"}, 61),
        ({"gen_ai.usage.input_tokens": 61.0}, 61),
        ({"gen_ai.usage.prompt_tokens": 61}, 61),
        ({"gen_ai.usage.input_tokens": "NaN"}, None),
        ({"gen_ai.usage.input_tokens": True}, None),
        ({"gen_ai.usage.input_tokens": -3}, None),
        ({"gen_ai.usage.input_tokens": ["6"]}, None),
        (
            {
                "gen_ai.usage.input_tokens": 4,
                "gen_ai.usage.cache_read.input_tokens": 90,
            },
            94,
        ),
        (
            {
                "gen_ai.usage.input_tokens": 94,
                "gen_ai.usage.cache_read.input_tokens": 90,
            },
            94,
        ),
    ],
    ids=[
        *("text", "float", "old_name", "nan", "bool", "negative", "list"),
        *("without_cache", "with_cache"),
    ],
)
def test_tokens_in_any_spelling_include_the_cache(
    write: Write, said: dict[str, Any], expected: int | None
) -> None:
    run = only(write(batch(span(1, 0, "chat m", {**chat("hi"), **said}))))
    usage = run.steps[0].usage
    assert (usage.input_tokens if usage else None) == expected


# --- trees and runs -------------------------------------------------------------------


def test_plumbing_is_left_out_and_its_children_move_up(write: Write) -> None:
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a"}
    run = only(
        write(
            batch(
                span(1, 0, "a", agent),
                span(2, 1, "POST", {"gen_ai.conversation.id": "c"}),
                span(3, 2, "chat m", chat("hi")),
                span(4, 1, "GET", {}, status={"code": 2, "message": "refused"}),
                span(5, 1, "step", {"input.value": "kept"}),
            )
        )
    )
    assert kinds(run) == [
        ("agent", "a"),
        ("model", "m"),
        ("event", "GET"),
        ("event", "step"),
    ]
    assert run.steps[1].parent == 1


def test_a_trace_without_any_agent_in_it_is_shown_whole(write: Write) -> None:
    run = only(write(batch(span(1, 0, "GET"), span(2, 1, "SELECT"))))
    assert kinds(run) == [("event", "GET"), ("event", "SELECT")]


def test_traces_that_share_a_session_are_one_run_in_order_of_time(write: Write) -> None:
    session = {"session.id": "s-1"}
    late = span(9, 0, "chat m", {**chat("two"), **session})
    early = span(1, 0, "chat m", {**chat("one"), **session}, traceId=OTHER)
    run = only(write(batch(late), batch(early)))
    assert run.id == "s-1"
    assert [shown(run, step.output) for step in run.steps] == ["one", "two"]


def test_interleaved_traces_without_a_session_are_runs_of_their_own(
    write: Write,
) -> None:
    lines = []
    for number in (1, 2, 3):
        lines += [batch(span(number, 0, "chat m", chat("hi")))]
        lines += [batch(span(number, 0, "chat m", chat("hi"), traceId=OTHER))]
    runs = read_runs(write(*lines), "otlp")
    assert [(run.id, len(run.steps)) for run in runs] == [(TRACE, 3), (OTHER, 3)]


@pytest.mark.parametrize(
    ("spans", "status"),
    [
        ([span(1, 0, "a", chat("hi"), status={"code": 1})], "ok"),
        ([span(1, 0, "a", chat("hi"), status={"code": 0})], "unknown"),
        ([span(1, 0, "a", chat("hi"), endTimeUnixNano="0")], "incomplete"),
        ([span(1, 0, "a", chat("hi"), status={"code": 2})], "error"),
        ([span(2, 1, "a", chat("hi"))], "incomplete"),
        ([span(2, 1, "a", {"gen_ai.operation.name": "invoke_agent"})], "unknown"),
        ([span(1, 0, "POST", status={"code": 1}), span(2, 1, "a", chat("hi"))], "ok"),
    ],
    ids=[
        "ok",
        "unset",
        "no_end",
        "error",
        "no_root",
        "agent_without_root",
        "hidden_root",
    ],
)
def test_the_root_says_how_the_run_ended(
    write: Write, spans: list[dict[str, Any]], status: str
) -> None:
    assert only(write(batch(*spans))).status == status


@pytest.mark.parametrize(
    "fields",
    [
        {"spanId": None},
        {"spanId": "0000000000000000"},
        {"spanId": 7, "parentSpanId": ["x"]},
        {"traceId": None},
        {"name": {"x": 1}},
        {"attributes": {"gen_ai.operation.name": "chat"}},
        {"attributes": [7, {"key": 5}, {"key": "input.value", "value": 3}]},
        {"events": [None, {"name": 5, "attributes": 7}]},
        {"status": 2},
        {"startTimeUnixNano": "soon", "endTimeUnixNano": -5},
        {"startTimeUnixNano": 10**30, "endTimeUnixNano": [1]},
        {"parentSpanId": f"{1:016x}"},
    ],
    ids=lambda fields: "_".join(fields) + str(len(str(fields))),
)
def test_a_span_with_wrong_types_is_still_a_step(
    write: Write, fields: dict[str, Any]
) -> None:
    first = {**span(1, 0, "chat m", chat("hi")), **fields}
    runs = read_runs(write(batch(first), batch(span(2, 0, "chat m", chat()))), "otlp")
    assert sum(len(run.steps) for run in runs) == 2


@pytest.mark.parametrize(
    "line",
    [
        '{"resourceSpans":null}',
        '{"resourceSpans":[null,7,{"scopeSpans":[3,{"spans":{}}]}]}',
        '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"spanId":"00ff"},3]}]}]}',
        '{"resourceSpans":' + "[" * 800 + "]" * 800 + "}",
        json.dumps(batch({**span(1), "x": 1})).replace('"x": 1', '"x": 1e999'),
        json.dumps(batch(span(1))).replace(
            '"attributes": []',
            '"attributes":[{"key":"a","value":'
            + '{"arrayValue":{"values":[' * 280
            + "1"
            + "]}}" * 280
            + "}]",
        ),
    ],
    ids=["null", "junk", "log", "deep", "too_large_a_number", "deep_value"],
)
def test_a_bad_line_does_not_stop_the_others(write: Write, line: str) -> None:
    run = only(write(line, batch(span(2, 0, "chat m", chat("hi")))))
    assert ("model", "m") in kinds(run)


def test_wide_integers_keep_their_digits(write: Write) -> None:
    said = {"n": 9223372036854775807, **chat("hi")}
    run = only(write(batch(span(1, 0, "chat m", said))))
    assert run.steps[0].details is not None
    assert "9223372036854775807" in run.contents.text(run.steps[0].details)


def test_the_same_file_gives_the_same_run_twice() -> None:
    for path in TRACES.glob("*.jsonl"):
        assert dump(only(path)) == dump(only(path))


def test_a_reader_can_be_told_of_a_second_file(write: Write) -> None:
    builder = Builder(otlp.NAME)
    path = write(batch(span(1, 0, "chat m", chat("hi"))))
    for records in (Records(path), Records(TRACES / "vercel.jsonl")):
        builder.reading(records.name)
        otlp.read(records, builder)
    (run,) = builder.finish()
    assert len(run.files) == 2


# --- rotation -------------------------------------------------------------------------


def rotated(folder: Path) -> Path:
    """A trace over three files, as a collector writes them: children come first."""
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a"}
    asked = chat(answer(call("look", {}, "c1")), **{"gen_ai.usage.input_tokens": 7})
    done = tool("look", **{"gen_ai.tool.call.id": "c1"})
    files = {
        "traces-1.jsonl": [batch(span(2, 1, "chat m", asked))],
        "traces-2.jsonl": [
            batch(span(8, 0, "chat m", chat("other"), traceId=OTHER)),
            batch(span(3, 1, "t", done, startTimeUnixNano="soon")),
            batch(span(2, 1, "chat m", asked)),
        ],
        "traces.jsonl": [batch(span(1, 0, "a", agent))],
    }
    for name, lines in files.items():
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_trace_over_several_files_of_a_folder_is_one_run(tmp_path: Path) -> None:
    run, other = sorted(read_runs(rotated(tmp_path)), key=lambda run: -len(run.steps))
    assert kinds(run) == [("agent", "a"), ("model", "m"), ("tool", "look")]
    assert [step.parent for step in run.steps] == [None, 1, 1]
    assert run.steps[2].caller == 2
    assert totals((run,)) == "1 1 1 1 0 7 0"
    files = [Path(step.source.file).name for step in run.steps]
    assert files == ["traces.jsonl", "traces-1.jsonl", "traces-2.jsonl"]
    assert [step.source.line for step in run.steps] == [1, 1, 2]
    assert kinds(other) == [("model", "m")]


def test_a_problem_of_a_rotated_trace_is_in_the_file_it_is_in(tmp_path: Path) -> None:
    run = max(read_runs(rotated(tmp_path)), key=lambda run: len(run.steps))
    found = {p.what: (Path(p.file).name, p.line) for p in run.problems}
    assert found["the same span recorded twice"] == ("traces-2.jsonl", 3)
    assert found["a time that cannot be read"] == ("traces-2.jsonl", 2)
    assert "a parent is not in the trace" not in found


# --- usage that is repeated -----------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        "pydantic_ai_2.58.0.json",
        "pydantic_ai_2.58.0_delegation.json",
        "copilot_chat_otel.derived.otlp.jsonl",
    ],
)
def test_tokens_are_those_of_the_model_calls_and_not_of_agents(
    corpus: Path, file: str
) -> None:
    path = corpus / "otlp-genai" / file
    text = path.read_text(encoding="utf-8")
    batches = map(json.loads, text.splitlines() if path.suffix == ".jsonl" else [text])
    summed: dict[str, int] = {}
    for said in (a for each in batches for a in said_in(each)):
        operation = said.get("gen_ai.operation.name", "")
        given = int(said.get("gen_ai.usage.input_tokens", 0))
        summed[operation] = summed.get(operation, 0) + given
    steps = [step for run in read_runs(path) for step in run.steps]
    counted = sum(s.usage.input_tokens or 0 for s in steps if s.usage is not None)
    assert counted == summed["chat"]


def said_in(value: Any) -> list[dict[str, Any]]:
    """The attributes of every span in a batch, apart from the reader."""
    if isinstance(value, list):
        return [said for item in value for said in said_in(item)]
    if not isinstance(value, dict):
        return []
    if "spanId" in value and "attributes" in value:
        pairs = value["attributes"]
        return [{p["key"]: next(iter(p["value"].values()), None) for p in pairs}]
    return [said for item in value.values() for said in said_in(item)]
