"""Inspect AI's logs: a run for each sample and epoch, exact windows, spans, scores."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mutants import claimed_by, mutants, runs_of, sample_of, withstands
from samples import read_runs
from whypath.builder import Builder
from whypath.derive.windows.context import find_contexts, window
from whypath.errors import EmptyTrace, TraceError
from whypath.model import Decision, Run, Step
from whypath.readers import claimants, inspect_ai
from whypath.readers.inspect_model import usage_of
from whypath.records import Raw, Records

FILES = (
    *("2025-05-12T20-27-36-04-00_browser.json", "docent_ctf.eval", "docent_ctf.json"),
    *("legacy_steps.json", "log_formats.eval", "log_formats.json"),
    *("log_message_deduplication.eval", "log_tool_call_error.json"),
    *("notable_caps.json", "parallel_spans.json"),
)
TRACES = Path(__file__).parent / "traces" / "inspect"
TIME = "2026-01-01T00:00:00+00:00"
LATER = "2026-01-01T00:00:02+00:00"
EVAL = {"eval_id": "E", "task": "tasks/sum", "model": "mockllm/model", "created": TIME}
USER = {"id": "u1", "role": "user", "content": "2+2?"}
CALL = {"id": "c1", "function": "add", "arguments": {"x": 2}}
TOOL = {"name": "add", "description": "adds", "parameters": {"type": "object"}}


def event(kind: str, /, **fields: Any) -> dict[str, Any]:
    return {"event": kind, "timestamp": TIME, **fields}


def said(text: Any = "", *calls: Any, id: str = "a1", **fields: Any) -> dict[str, Any]:
    message = {"id": id, "role": "assistant", "content": text, **fields}
    return {**message, "tool_calls": list(calls)} if calls else message


def model(message: Any = None, **fields: Any) -> dict[str, Any]:
    message = said("4") if message is None else message
    output = {"model": "m", "choices": [{"message": message, "stop_reason": "stop"}]}
    extra = fields.pop("output", {})
    given = {"model": "mockllm/model", "input": [USER], "tools": [], "config": {}}
    return event("model", **{**given, **fields}, output={**output, **extra})


def sample(*events: Any, **fields: Any) -> dict[str, Any]:
    known = {"id": 1, "epoch": 1, "input": "2+2?", "target": "4", "messages": []}
    return {**known, "events": list(events), **fields}


def log(*samples: Any, **fields: Any) -> dict[str, Any]:
    known = {"version": 2, "status": "success", "eval": EVAL, "plan": {}}
    return {**known, **fields, "samples": list(samples)}


def run_of(*events: Any, **fields: Any) -> Run:
    """The one run of a log with one sample."""
    (run,) = runs_of(inspect_ai, log(sample(*events, **fields)))
    return run


def steps(run: Run, kind: str) -> list[Step]:
    return [step for step in run.steps if step.kind == kind]


def one(run: Run, kind: str) -> Step:
    (step,) = steps(run, kind)
    return step


def text(run: Run, number: int | None) -> str | None:
    return None if number is None else run.contents.text(number)


def value(run: Run, number: int | None) -> Any:
    return None if number is None else run.contents.value(number)


def whats(run: Run) -> dict[str, int]:
    return {problem.what: problem.count for problem in run.problems}


def decision(step: Step) -> Decision:
    assert step.decision is not None
    return step.decision


def inside(run: Run, step: Step) -> list[str]:
    """The names of the step and of those that hold it, from the outermost."""
    above = inside(run, run.step(step.parent)) if step.parent else []
    return [*above, step.name]


def seen(run: Run, step: Step) -> list[tuple[str, str, str | None]]:
    messages = window(find_contexts(run), step.position)
    return [(m.role, m.kind, text(run, m.content)) for m in messages]


def zipped(path: Path, members: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, json.dumps(member))
    return path


def raw_samples(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        return list(json.loads(path.read_text("utf-8")).get("samples", []))
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("samples/")]
        return [json.loads(archive.read(name)) for name in names]


@pytest.mark.parametrize("name", FILES)
def test_a_real_log_is_claimed_by_this_reader_alone(corpus: Path, name: str) -> None:
    assert claimed_by(corpus / "inspect" / name) == ["inspect"]


@pytest.mark.parametrize("name", FILES)
def test_a_real_log_is_read_without_loss(corpus: Path, name: str) -> None:
    runs = read_runs(corpus / "inspect" / name)
    lost = [p for run in runs for p in run.problems if p.level == "loss"]
    assert (len(runs), lost) == (
        max(len(raw_samples(corpus / "inspect" / name)), 1),
        [],
    )


@pytest.mark.parametrize("name", FILES)
def test_no_reference_to_an_attachment_is_left(corpus: Path, name: str) -> None:
    for run in read_runs(corpus / "inspect" / name):
        found = [run.contents.raw(n) for n in range(len(run.contents))]
        assert not [raw for raw in found if b'"attachment://' in raw]
        assert not [raw for raw in found if b'"tc://' in raw]


@pytest.mark.parametrize(
    "name", [name for name in FILES if name.startswith(("2025", "docent"))]
)
def test_tokens_are_those_that_the_log_sums_up_itself(corpus: Path, name: str) -> None:
    path = corpus / "inspect" / name
    for recorded, run in zip(raw_samples(path), read_runs(path), strict=True):
        totals = recorded["model_usage"].values()
        usages = [step.usage for step in run.steps if step.usage]
        tokens = sum((u.input_tokens or 0) + (u.output_tokens or 0) for u in usages)
        assert tokens == sum(usage["total_tokens"] for usage in totals)
        for mine, theirs in (
            ("output_tokens", "output_tokens"),
            ("cache_read_tokens", "input_tokens_cache_read"),
            ("cache_write_tokens", "input_tokens_cache_write"),
        ):
            counted = sum(getattr(usage, mine) or 0 for usage in usages)
            assert counted == sum(usage.get(theirs) or 0 for usage in totals)


@pytest.mark.parametrize(
    "name", [name for name in FILES if name != "notable_caps.json"]
)
def test_every_event_of_a_real_log_that_does_something_has_its_step(
    corpus: Path, name: str
) -> None:
    path = corpus / "inspect" / name
    for recorded, run in zip(raw_samples(path), read_runs(path), strict=False):
        events = list(
            recorded.get("events", recorded.get("transcript", {}).get("events", []))
        )
        events += [inner for e in events for inner in e.get("events", [])]
        names = [e["event"] for e in events]
        for kind in ("model", "tool"):
            shown = [s for s in steps(run, kind) if s.status != "unset"]
            assert len(shown) == (names.count(kind) if names else len(shown))
        scores = [s for s in run.steps if s.name.partition(":")[0] == "score"]
        sandboxes = [s for s in run.steps if s.name.startswith("sandbox")]
        assert len(scores) == names.count("score")
        assert len(sandboxes) == names.count("sandbox")


def test_the_windows_of_a_real_log_are_the_inputs_that_it_records(corpus: Path) -> None:
    path = corpus / "inspect" / "docent_ctf.eval"
    for recorded, run in zip(raw_samples(path), read_runs(path), strict=True):
        inputs = [e["input"] for e in recorded["events"] if e["event"] == "model"]
        for messages, step in zip(inputs, steps(run, "model"), strict=True):
            assert step.context is not None
            assert step.context.basis == "recorded"
            texts = [_content(m, recorded["attachments"]) for m in messages]
            shown = [said for _, kind, said in seen(run, step) if kind != "call"]
            assert shown == [text for text in texts if text is not None]


def _content(message: Any, attachments: dict[str, str]) -> str | None:
    """What the model saw of a message; None for a call without a word."""
    content = message["content"]
    long = attachments.get(content.removeprefix("attachment://"), content)
    error = message.get("error", {}).get("message", "")
    return long or (error if message["role"] == "tool" else None)


def test_a_pool_of_messages_gives_the_same_windows_as_messages_in_place() -> None:
    first = model(said("", CALL), uuid="e1")
    answer = {"id": "r1", "role": "tool", "tool_call_id": "c1", "function": "add",
              "content": "attachment://h"}  # fmt: skip
    pool = [
        USER,
        {"id": "other", "role": "user", "content": "no"},
        said("", CALL),
        answer,
    ]
    plain = model(said("4", id="a2"), uuid="e2", input=[pool[0], pool[2], pool[3]])
    refs = model(said("4", id="a2"), uuid="e2", input=[], input_refs=[[0, 1], [2, 4]])
    texts = {"h": "four"}
    in_place = run_of(first, plain, attachments=texts)
    data = {"messages": pool, "calls": []}
    pooled = run_of(first, refs, attachments=texts, events_data=data)
    older = run_of(first, refs, attachments=texts, message_pool=pool)
    expected = [
        ("user", "text", "2+2?"),
        ("assistant", "call", '{"x": 2}'),
        ("tool", "result", "four"),
    ]
    for run in (in_place, pooled, older):
        assert seen(run, steps(run, "model")[1]) == expected
        assert [text(run, s.output) for s in steps(run, "user")] == ["2+2?"]


def test_where_only_the_request_has_the_messages_the_window_is_that() -> None:
    sent = {"role": "user", "content": "2+2?"}
    call = {
        "request": {"temperature": 1},
        "call_refs": [[0, 1]],
        "call_key": "messages",
    }
    run = run_of(model(input=[], call=call), events_data={"calls": [sent]})
    assert seen(run, one(run, "model")) == [("user", "text", "2+2?")]
    assert value(run, one(run, "model").details)["request"] == {"temperature": 1}


@pytest.mark.parametrize("refs", [[[0, 9]], [[-1, 1]], [[2, 1]], "all", [[0]], [7]])
def test_references_outside_the_pool_are_reported(refs: Any) -> None:
    run = run_of(model(input=[], input_refs=refs), message_pool=[USER])
    assert whats(run) == {"references to messages that are not there": 1}
    assert one(run, "model").context is None


def test_a_window_without_end_is_not_expanded() -> None:
    refs = [[0, 1000]] * 2000
    run = run_of(model(input=[], input_refs=refs), message_pool=[USER] * 1000)
    assert whats(run) == {"a context window of more than 1,000,000 messages": 1}


def test_windows_are_kept_as_what_is_new_in_them() -> None:
    pool = [{"id": f"m{n}", "role": "user", "content": f"{n}"} for n in range(2000)]
    events = [
        model(id=f"a{n}", uuid=f"e{n}", input=[], input_refs=[[0, n]])
        for n in range(1, 2000)
    ]
    run = run_of(*events, message_pool=pool)
    contexts = [step.context for step in steps(run, "model")]
    assert {len(c.add) for c in contexts if c} == {1}


def test_prompts_are_shown_once_and_again_when_they_are_said_again() -> None:
    again = {"role": "user", "content": "go on"}
    answer = said("hm", id="a1")
    events = [
        model(answer, input=[USER, again]),
        model(answer, input=[USER, again, answer, again]),
        model(answer, input=[USER, again, answer, again]),
    ]
    run = run_of(*events)
    shown = [text(run, step.output) for step in steps(run, "user")]
    assert shown == ["2+2?", "go on", "go on"]


def test_texts_are_put_back_wherever_they_are_referred_to() -> None:
    long = "attachment://h"
    tool = {**TOOL, "description": long}
    event_ = model(
        said([{"type": "text", "text": long}], {**CALL, "arguments": {"x": long}}),
        input=[{"role": "user", "content": long}],
        tools=[tool],
        call={"request": {}, "response": {"content": long}},
    )
    info = event(
        "info", data={"deep": [long, "attachment://none", "no attachment://h"]}
    )
    state = event("state", changes=[{"op": "add", "path": "/a", "value": long}])
    run = run_of(event_, info, state, attachments={"h": 'the\n"text"'})
    step = one(run, "model")
    assert text(run, step.output) == 'the\n"text"'
    assert value(run, step.calls[0].arguments) == {"x": 'the\n"text"'}
    assert value(run, step.details)["api"] == {"response": {"content": 'the\n"text"'}}
    assert step.tools is not None
    assert value(run, step.tools[0].definition)["description"] == 'the\n"text"'
    deep = next(s for s in run.steps if s.name == "info")
    kept = ['the\n"text"', "attachment://none", "no attachment://h"]
    assert value(run, deep.output) == {"deep": kept}
    changed = next(s for s in run.steps if s.name == "state")
    assert value(run, changed.state[0].value) == 'the\n"text"'
    assert whats(run)["a reference to an attachment that is not there"] == 1


def test_the_first_logs_have_a_transcript_with_its_texts() -> None:
    events = [model(input=[{"role": "user", "content": "tc://h"}])]
    old = sample(transcript={"events": events, "content": {"h": "long"}})
    del old["events"]
    (run,) = runs_of(inspect_ai, log(old))
    assert text(run, one(run, "user").output) == "long"


def test_each_sample_and_epoch_is_a_run_with_the_facts_of_the_log() -> None:
    spec = {**EVAL, "dataset": {"name": "sums"}, "config": {"message_limit": 9}}
    spec["model_generate_config"] = {"temperature": 0.5}
    whole = log(
        sample(model(), id="a"),
        sample(model(), id="a", epoch=2),
        sample(model(), id="a", epoch=2),
        eval=spec,
        plan={"steps": [{"solver": "generate"}]},
    )
    runs = runs_of(inspect_ai, whole)
    assert [run.id for run in runs] == ["E/a/1", "E/a/2", "E/a/2-2"]
    labels = dict(runs[0].labels)
    known = {"sample": "a", "epoch": "1", "target": "4", "plan": "generate"}
    config = {"message_limit": "9", "temperature": "0.5", "dataset": "sums"}
    assert labels.items() >= {**known, **config, "model": "mockllm/model"}.items()
    assert {run.task for run in runs} == {"2+2?"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "ok"),
        ({"error": {"message": "boom", "traceback": "at x"}}, "error"),
        ({"limit": {"type": "token", "limit": 5}}, "error"),
    ],
    ids=["neither", "error", "limit"],
)
def test_a_sample_that_was_halted_failed(fields: Any, status: str) -> None:
    assert run_of(model(), **fields).status == status


@pytest.mark.parametrize(
    ("whole", "status"),
    [("started", "incomplete"), ("cancelled", "incomplete"), ("error", "ok")],
)
def test_a_sample_of_an_evaluation_that_did_not_end_is_incomplete(
    whole: str, status: str
) -> None:
    (run,) = runs_of(inspect_ai, log(sample(model()), status=whole))
    assert run.status == status


@pytest.mark.parametrize(
    ("scores", "score", "note"),
    [
        ({"match": {"value": "C"}}, 1.0, "match: C"),
        ({"match": {"value": "I", "explanation": "no\nmatch"}}, 0.0, "match: I (no)"),
        ({"a": {"value": 0.25}, "b": {"value": True}}, 0.25, "a: 0.25, b: true"),
        ({"a": {"value": {"x": 1}}}, None, 'a: {"x": 1}'),
        ({"a": {"value": "NaN"}}, None, "a: NaN"),
        ({"a": {}}, None, "a: none"),
    ],
)
def test_scores_are_the_outcome(scores: Any, score: float | None, note: str) -> None:
    run = run_of(model(), scores=scores)
    assert run.outcome is not None
    assert (run.outcome.score, run.outcome.note) == (score, note)


@pytest.mark.parametrize(
    ("scored", "answer"), [("FOUR", "Four"), ("4", "4"), (None, "Four")]
)
def test_the_answer_is_the_one_that_was_scored_in_the_models_own_writing(
    scored: str | None, answer: str
) -> None:
    output = {"choices": [{"message": said("Four")}]}
    run = run_of(model(), output=output, scores={"m": {"value": 1, "answer": scored}})
    assert run.outcome is not None
    assert text(run, run.outcome.answer) == answer


@pytest.mark.parametrize(
    ("usage", "read", "total"),
    [
        ((10, 5, 22, 7, None), 7, 17),
        ((10, 5, 15, 7, None), 7, 10),
        ((10, 5, 25, 7, 3), 7, 20),
        ((10, 5, 15, None, None), None, 10),
        ((10, 5, None, 7, None), 7, 17),
    ],
    ids=["apart", "included", "read_and_written", "no_cache", "no_total"],
)
def test_input_counts_what_a_cache_served_once(
    usage: tuple[int | None, ...], read: int | None, total: int
) -> None:
    names = ("input_tokens", "output_tokens", "total_tokens",
             "input_tokens_cache_read", "input_tokens_cache_write")  # fmt: skip
    found = usage_of(Raw(json.dumps(dict(zip(names, usage, strict=True))).encode()))
    assert found is not None
    assert (found.input_tokens, found.cache_read_tokens) == (total, read)


def test_an_answer_out_of_inspects_own_cache_cost_no_tokens() -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    run = run_of(model(cache="read", output={"usage": usage}))
    step = one(run, "model")
    assert step.usage is None
    assert value(run, step.details)["output"]["usage"] == usage


def test_what_a_model_call_says_beside_its_answer_is_in_its_details() -> None:
    broken = {**CALL, "parse_error": "no JSON"}
    run = run_of(
        model(
            said("", broken, metadata={"k": 1}),
            tools=[TOOL],
            tool_choice="any",
            retries=2,
            role="grader",
            completed=LATER,
            output={"time": 1.5},
            call={"request": {"messages": [1], "seed": 3}, "response": {"id": "x"}},
        )
    )
    step = one(run, "model")
    assert (step.name, step.status, step.model) == ("grader", "ok", "mockllm/model")
    assert [tool.name for tool in step.tools or ()] == ["add"]
    assert (step.end_ns or 0) - (step.start_ns or 0) == 2 * 10**9
    details = value(run, step.details)
    assert details["tool_choice"] == "any"
    assert details["retries"] == 2
    assert details["message"] == {"metadata": {"k": 1}}
    assert details["request"] == {"seed": 3}
    assert details["api"] == {"response": {"id": "x"}}
    assert details["output"] == {"model": "m", "time": 1.5, "stop_reason": "stop"}
    assert details["parse_errors"] == ["no JSON"]


def test_a_model_call_that_failed_says_why() -> None:
    run = run_of(model(said(""), error="Overloaded\nmore", traceback="at x"))
    step = one(run, "model")
    assert (step.status, step.error, step.output) == ("error", "Overloaded", None)
    refused = run_of(model(output={"error": "refused"}))
    assert one(refused, "model").error == "refused"
    waiting = run_of(model(pending=True, output={"choices": []}))
    assert one(waiting, "model").status == "unset"


def test_reasoning_is_shown_and_what_is_redacted_is_no_text() -> None:
    parts = [
        {"type": "reasoning", "reasoning": "add them"},
        {"type": "reasoning", "reasoning": "aGlkZGVu", "redacted": True},
        {"type": "reasoning", "reasoning": "x9", "summary": "sum", "redacted": True},
        {"type": "text", "text": "4"},
        {"type": "image", "image": "data:image/png;base64,xx"},
    ]
    step_run = run_of(model(said(parts)))
    step = one(step_run, "model")
    assert text(step_run, step.reasoning) == "add them\n\nsum"
    assert "base64" in (text(step_run, step.output) or "")
    old = run_of(model(said("4", reasoning="hm")))
    assert text(old, one(old, "model").reasoning) == "hm"


def test_a_tool_that_the_models_api_ran_has_a_step() -> None:
    use = {"type": "tool_use", "tool_type": "web_search", "id": "w1", "name": "search",
           "arguments": '{"q": "sum"}', "result": "found"}  # fmt: skip
    bad = {**use, "id": "w2", "result": "", "error": "down"}
    run = run_of(model(said([use, bad, {"type": "text", "text": "4"}])))
    found = [(s.name, text(run, s.output), s.status) for s in steps(run, "tool")]
    assert found == [("search", "found", "ok"), ("search", "", "error")]
    assert text(run, one(run, "model").output) == "4"


def logprob(token: str, number: float, **fields: Any) -> dict[str, Any]:
    return {"token": token, "logprob": number, **fields}


def test_several_answers_are_a_decision_for_the_first() -> None:
    choices = [
        {
            "message": said("4"),
            "stop_reason": "stop",
            "logprobs": {"content": [logprob("4", -0.5), logprob("!", -0.25)]},
        },
        {"message": said("5", CALL, id="a2"), "stop_reason": "tool_calls"},
    ]
    run = run_of(model(output={"choices": choices}))
    found = decision(one(run, "model"))
    assert [(o.name, o.chosen, o.score) for o in found.options] == [
        ("1: 4", True, -0.75),
        ("2: 5", False, None),
    ]
    assert (found.confidence, found.basis) == (None, "recorded")
    assert found.options_note is not None


def test_the_probability_of_a_one_token_answer_is_its_confidence() -> None:
    likely = [logprob("A", -0.1), logprob("B", -3.0)]
    logprobs = {"content": [logprob("A", -0.1, top_logprobs=likely)]}
    choice = {"message": said("A"), "logprobs": logprobs}
    run = run_of(model(output={"choices": [choice]}))
    found = decision(one(run, "model"))
    assert [(o.name, o.chosen) for o in found.options] == [("A", True), ("B", False)]
    assert found.confidence == pytest.approx(0.9048, abs=1e-4)


@pytest.mark.parametrize(
    "tokens",
    [
        [logprob("A", -0.1), logprob("B", -0.2)],
        [logprob("A", -0.1)],
        [],
        [{"token": "A"}],
    ],
    ids=["two_tokens", "no_others", "none", "no_number"],
)
def test_other_probabilities_are_no_confidence(tokens: Any) -> None:
    choice = {"message": said("A"), "logprobs": {"content": tokens}}
    run = run_of(model(output={"choices": [choice]}))
    assert one(run, "model").decision is None


def tool_event(**fields: Any) -> dict[str, Any]:
    known = {"id": "c1", "function": "add", "arguments": {"x": 2}, "result": "4"}
    return event("tool", **{**known, **fields})


@pytest.mark.parametrize(
    ("fields", "output", "status", "error"),
    [
        ({}, "4", "ok", None),
        ({"result": 4}, "4", "ok", None),
        ({"result": [{"type": "text", "text": "4"}]}, "4", "ok", None),
        ({"result": "", "error": {"type": "timeout", "message": "slow\nx"}},
         "slow\nx", "error", "slow"),
        ({"failed": True}, "4", "error", None),
        ({"pending": True, "result": ""}, "", "unset", None),
    ],
    ids=["text", "number", "parts", "error", "failed", "pending"],
)  # fmt: skip
def test_a_tool_event_is_the_step_of_its_call(
    fields: Any, output: str, status: str, error: str | None
) -> None:
    run = run_of(model(said("", CALL)), tool_event(completed=LATER, **fields))
    step = one(run, "tool")
    assert (text(run, step.output), step.status, step.error) == (output, status, error)
    assert step.caller == one(run, "model").position
    assert value(run, step.input) == {"x": 2}
    assert whats(run) == {}


def test_a_call_without_an_event_takes_its_result_from_a_later_window() -> None:
    answer = {"role": "tool", "tool_call_id": "c1", "function": "add", "content": "4"}
    later = model(said("4", id="a2"), input=[USER, said("", CALL), answer])
    run = run_of(model(said("", CALL)), later)
    assert [text(run, s.output) for s in steps(run, "tool")] == ["4"]
    at_end = run_of(model(said("", CALL)), messages=[USER, said("", CALL), answer])
    assert [text(at_end, s.output) for s in steps(at_end, "tool")] == ["4"]
    given = {**answer, "tool_call_id": "c0"}
    prompted = run_of(model(input=[USER, said("", {**CALL, "id": "c0"}), given]))
    assert steps(prompted, "tool") == []


def begin(id: str, type: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return event("span_begin", id=id, type=type, name=id, parent_id=parent, **more)


def end(id: str) -> dict[str, Any]:
    return {**event("span_end", id=id), "timestamp": LATER}


def test_spans_give_agents_and_tools_what_happened_in_them() -> None:
    ask = {"id": "m2", "role": "user", "content": "help"}
    run = run_of(
        begin("solvers", "solvers"),
        begin("react", "solver", "solvers"),
        begin("boss", "agent", "react"),
        model(said("", CALL), span_id="boss", uuid="e1"),
        begin("add", "tool", "boss"),
        tool_event(span_id="boss", uuid="t1"),
        event("sandbox", action="exec", cmd="sum", result=1, span_id="add"),
        begin("helper", "agent", "add"),
        model(said("hi", id="a2"), span_id="helper", input=[ask], uuid="e2"),
        end("helper"),
        end("add"),
        end("boss"),
        end("react"),
        end("solvers"),
    )
    places = [inside(run, step) for step in run.steps if step.kind != "user"]
    assert places == [
        ["sample"],
        ["solver: react"],
        ["boss"],
        ["boss", ""],
        ["boss", "add"],
        ["boss", "add", "sandbox exec"],
        ["boss", "add", "helper"],
        ["boss", "add", "helper", ""],
    ]
    first, second = steps(run, "model")
    assert (run.agent, first.agent, second.agent) == ("boss", "boss", "helper")
    assert (first.thread, second.thread) == ("", "helper")
    sandbox = next(s for s in run.steps if s.name == "sandbox exec")
    assert (sandbox.status, sandbox.error) == ("error", "exit code 1")
    agents = {s.name: (s.end_ns or 0) - (s.start_ns or 0) for s in steps(run, "agent")}
    assert agents == {"boss": 2 * 10**9, "helper": 2 * 10**9}


def test_a_handoff_leads_to_the_agent_it_names() -> None:
    run = run_of(
        begin("boss", "agent"),
        model(said("", {**CALL, "function": "to_helper"}), span_id="boss"),
        begin("h", "handoff", "boss"),
        event("span_begin", id="t", type="tool", name="to_helper", parent_id="h"),
        tool_event(function="to_helper", agent="helper", span_id="boss"),
        begin("helper", "agent", "t"),
        model(said("hi", id="a2"), span_id="helper"),
    )
    step = one(run, "handoff")
    assert inside(run, steps(run, "model")[1]) == ["boss", "to_helper", "helper", ""]
    assert step.caller == steps(run, "model")[0].position


def test_an_agent_outside_the_span_of_the_call_that_names_it_hangs_on_that() -> None:
    run = run_of(
        model(said("", CALL)),
        tool_event(agent_span_id="far"),
        begin("main", "agent"),
        begin("far", "agent"),
        model(said("hi", id="a2"), span_id="far"),
    )
    far = next(step for step in run.steps if step.name == "far")
    assert inside(run, far) == ["add", "far"]


def test_parallel_calls_of_one_tool_keep_their_own_events() -> None:
    calls = [{**CALL, "id": f"c{n}"} for n in (1, 2)]
    spans = [
        event("span_begin", id=f"t{n}", type="tool", name="add", parent_id="s")
        for n in (1, 2)
    ]
    run = run_of(
        begin("s", "solver"),
        model(said("", *calls), span_id="s"),
        spans[0],
        tool_event(id="c1", span_id="s"),
        spans[1],
        tool_event(id="c2", span_id="s"),
        event("info", data=2, span_id="t2"),
        event("info", data=1, span_id="t1"),
    )
    infos = [step for step in run.steps if step.name == "info"]
    assert [(value(run, s.output), run.step(s.parent or 0).call_id) for s in infos] == [
        (1, "c1"),
        (2, "c2"),
    ]


def test_steps_of_old_logs_end_the_innermost_one_and_tools_hold_their_events() -> None:
    run = run_of(
        event("step", action="begin", type="agent", name="web"),
        event("step", action="begin", type="solver", name="inner"),
        event("step", action="end", type="agent", name="web"),
        model(said("", CALL)),
        tool_event(events=[event("info", data=1), tool_event(id="c2", events=[
            event("subtask", name="think", input={"q": 1}, result="r",
                  events=[model(said("deep", id="a9"))])])]),
        event("step", action="end", type="agent", name="web"),
        event("step", action="end", type="agent", name="web"),
    )  # fmt: skip
    deep = steps(run, "model")[1]
    assert inside(run, deep) == ["web", "add", "add", "think", ""]
    assert whats(run) == {"the end of a span that did not begin": 1}
    think = next(step for step in run.steps if step.name == "think")
    assert (think.kind, value(run, think.output)) == ("agent", "r")


def test_a_scorer_that_asks_a_model_is_an_agent_with_a_window_of_its_own() -> None:
    judge = {"id": "j", "role": "user", "content": "grade"}
    run = run_of(
        model(),
        begin("judge", "scorer"),
        model(said("C", id="a2"), span_id="judge", input=[judge]),
        event("score", score={"value": "C"}, scorer="judge", span_id="judge"),
        begin("match", "scorer"),
        event("score", score={"value": "C"}, span_id="match"),
    )
    assert [s.name for s in steps(run, "agent")] == ["judge"]
    graded = steps(run, "model")[1]
    assert graded.context is not None
    assert (graded.context.base, len(graded.context.add)) == (None, 1)
    names = [s.name for s in steps(run, "event")]
    assert (
        names == ["sample", "score: judge", "scorer: match", "score", "sample end"][:4]
    )


def test_state_and_store_are_patches_of_one_state() -> None:
    patch = [
        {"op": "add", "path": "/a", "value": None},
        {"op": "replace", "path": "/b/0", "value": {"k": 1}},
        {"op": "remove", "path": "/c"},
        {"op": "move", "path": "/d", "from": "/a"},
        {"op": "copy", "path": "/e", "from": "/b/0"},
    ]
    start = event("sample_init", sample={}, state={"store": {}, "completed": False})
    run = run_of(start, event("store", changes=patch))
    first, second = steps(run, "state")
    assert [(c.path, value(run, c.value)) for c in first.state] == [
        ("/store", {}),
        ("/completed", False),
    ]
    found = [(c.path, text(run, c.value)) for c in second.state]
    assert found == [
        ("/store/a", "null"),
        ("/store/b/0", '{"k": 1}'),
        ("/store/c", None),
        ("/store/a", None),
        ("/store/d", "null"),
        ("/store/e", '{"k": 1}'),
    ]
    assert second.details is None


def test_a_change_of_state_that_cannot_be_worked_out_is_shown_as_recorded() -> None:
    changes = [{"op": "move", "path": "/d", "from": "/x"}, {"op": "add"}]
    run = run_of(event("state", changes=changes))
    assert value(run, one(run, "state").details) == {"changes": changes}
    assert whats(run) == {"changes of state that cannot be worked out": 1}


@pytest.mark.parametrize(
    "chosen", ["approve", "modify", "reject", "escalate", "terminate"]
)
def test_an_approval_is_a_recorded_decision(chosen: str) -> None:
    changed = {**CALL, "arguments": {"x": 3}} if chosen == "modify" else None
    run = run_of(
        model(said("", CALL)),
        event("approval", message="", call=CALL, approver="human", decision=chosen,
              modified=changed, explanation="because"),
        tool_event(),
    )  # fmt: skip
    step = one(run, "decision")
    found = decision(step)
    assert (step.name, [o.name for o in found.options]) == ("approval: human", [chosen])
    assert text(run, found.rationale) == "because"
    assert (found.basis, found.confidence) == ("recorded", None)
    assert found.options_note == "other options: not recorded"
    expected = {"x": 3} if changed else None
    assert value(run, found.options[0].arguments) == expected
    assert value(run, found.evidence[0].value) == {"x": 2}


def test_reviews_and_sentinels_decide_and_observe() -> None:
    run = run_of(
        event("review", call=CALL, reviewer="judge", decision="continue"),
        event(
            "sentinel", path="a/b", stage="tool_call", kind="decision", action="reject"
        ),
        event("sentinel", path="a/b", kind="observation", suspicion=0.75),
        event("sentinel", path="a/b", status="error", error="it raised"),
    )
    chosen = [[o.name for o in decision(s).options] for s in steps(run, "decision")]
    assert chosen == [["continue"], ["reject"]]
    seen_, failed = steps(run, "guardrail")
    assert value(run, seen_.details)["suspicion"] == 0.75
    assert (failed.status, failed.error) == ("error", "it raised")


@pytest.mark.parametrize(
    ("fields", "kind", "name", "status", "error"),
    [
        (("compaction", {"tokens_before": 9}), "event", "compaction", "ok", None),
        (("sample_limit", {"type": "token", "message": "too many"}),
         "error", "limit: token", "error", "too many"),
        (("interrupt", {"source": "user_cancel", "interrupted": "generate"}),
         "error", "interrupt", "error", "interrupted by user_cancel during generate"),
        (("error", {"error": {"message": "boom", "traceback": "at x"}}),
         "error", "error", "error", "boom"),
        (("logger", {"message": {"level": "error", "message": "bad"}}),
         "event", "log: error", "error", "bad"),
        (("logger", {"message": {"level": "info", "message": "fine"}}),
         "event", "log: info", "ok", None),
        (("info", {"source": "me", "data": [1]}), "event", "info: me", "ok", None),
        (("input", {"input": "yes", "input_ansi": "x"}), "user", "input", "ok", None),
        (("sandbox", {"action": "read_file", "file": "a"}),
         "event", "sandbox read_file", "ok", None),
        (("checkpoint", {"checkpoint_id": 3}), "event", "checkpoint", "ok", None),
        (("score_edit", {"score_name": "s", "edit": {"value": 1}}),
         "event", "score_edit: s", "ok", None),
        (("anchor", {"anchor_id": "a"}), "event", "anchor", "ok", None),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_every_kind_of_event_has_its_step(
    fields: tuple[str, Any], kind: str, name: str, status: str, error: str | None
) -> None:
    run = run_of(model(), event(fields[0], uuid="u", **fields[1]))
    step = next(step for step in run.steps if step.key == "u")
    assert (step.kind, step.name) == (kind, name)
    assert (step.status, step.error) == (status, error)
    assert step.resets_context == (fields[0] == "compaction")
    assert whats(run) == {}


def test_an_unknown_kind_of_event_is_shown_as_recorded() -> None:
    run = run_of(model(), event("dream", about="sheep"), {"no": "event"}, 7)
    dream = next(step for step in run.steps if step.name == "dream")
    assert value(run, dream.details) == {"about": "sheep"}
    assert whats(run) == {
        "events of type 'dream'": 1,
        "an event that does not say what it is": 2,
    }


def branch(id: str, *events: Any) -> list[Any]:
    return [begin(id, "branch"), event("branch", from_anchor="A", span_id=id),
            *({**e, "span_id": id} for e in events), end(id)]  # fmt: skip


@pytest.mark.parametrize(
    ("goes_on", "left"), [(False, ["m1", "m2"]), (True, ["m2", "m3"])]
)
def test_of_the_ways_from_an_anchor_all_but_the_last_are_abandoned(
    goes_on: bool, left: list[str]
) -> None:
    events = [
        model(uuid="m0"),
        event("anchor", anchor_id="A"),
        model(uuid="m1"),
        *branch("b1", model(uuid="m2")),
        *branch("b2", model(uuid="m3")),
        *([model(uuid="m4")] if goes_on else []),
    ]
    run = run_of(*events)
    assert [s.key for s in steps(run, "model") if s.abandoned] == left


def test_an_earlier_attempt_is_abandoned_and_says_why_it_failed() -> None:
    retry = {"message": "boom", "traceback": "at x", "events": [model(uuid="m0")]}
    run = run_of(model(uuid="m1"), error_retries=[retry, {"message": "again"}])
    assert [s.key for s in steps(run, "model") if s.abandoned] == ["m0"]
    failed = [(s.name, s.error, s.abandoned) for s in steps(run, "error")]
    assert failed == [
        ("attempt 1 failed", "boom", True),
        ("attempt 2 failed", "again", True),
    ]
    assert [s.abandoned for s in steps(run, "user")] == [True, False]


def test_a_sample_without_events_is_read_from_its_messages() -> None:
    answer = {"role": "tool", "tool_call_id": "c1", "function": "add", "content": "",
              "error": {"type": "timeout", "message": "slow"}}  # fmt: skip
    messages = [
        USER,
        said("", CALL, model="m"),
        answer,
        {"role": "oracle", "content": 1},
    ]
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    run = run_of(messages=messages, output={"usage": usage})
    kinds = [s.kind for s in run.steps]
    assert kinds == ["event", "user", "model", "tool", "event"]
    tool = one(run, "tool")
    assert (text(run, tool.output), tool.status, tool.error) == (
        "slow",
        "error",
        "slow",
    )
    called = one(run, "model")
    assert (called.model, called.usage and called.usage.input_tokens) == ("m", 3)
    assert called.tools is None
    assert whats(run) == {"a message with an unknown role": 1}


@pytest.mark.parametrize(
    ("given", "task"),
    [
        ("2+2?", "2+2?"),
        ([{"role": "system", "content": "s"}, {"role": "user", "content": "q"}], "q"),
        ([], None),
    ],
)
def test_the_input_is_the_task_and_a_step_where_no_model_was_asked(
    given: Any, task: str | None
) -> None:
    run = run_of(event("info", data=1), input=given)
    assert run.task == task
    assert [text(run, s.output) for s in steps(run, "user")] == ([task] if task else [])


def test_an_archive_is_read_with_and_without_its_header(tmp_path: Path) -> None:
    member = sample(model())
    header = {"version": 2, "status": "success", "eval": EVAL, "plan": {}}
    start = {"version": 2, "eval": EVAL, "plan": {}}
    members = {"samples/1_epoch_1.json": member, "_journal/start.json": start}
    whole = zipped(tmp_path / "a.eval", {**members, "header.json": header})
    crashed = zipped(tmp_path / "b.eval", members)
    bare = zipped(tmp_path / "c.eval", {k: v for k, v in members.items() if "s/" in k}
                  | {"header.json": header})  # fmt: skip
    assert [r.status for r in read_runs(whole)] == ["ok"]
    assert [r.status for r in read_runs(crashed)] == ["incomplete"]
    assert [r.status for r in read_runs(bare)] == ["ok"]
    for path in (whole, bare):
        assert [run.id for run in read_runs(path)] == ["E/1/1"]
    assert dict(read_runs(crashed)[0].labels)["task"] == "tasks/sum"


def test_a_log_without_samples_has_no_run(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(log(status="error")), "utf-8")
    with pytest.raises(EmptyTrace):
        read_runs(path)
    only = zipped(tmp_path / "a.eval", {"_journal/start.json": {"eval": EVAL}})
    with pytest.raises(EmptyTrace):
        read_runs(only)


def test_agents_logged_by_a_current_version_hang_together() -> None:
    (run,) = read_runs(TRACES / "agents.eval")
    assert (run.agent, run.status, whats(run)) == ("chief", "ok", {})
    models = [(inside(run, step)[:-1], step.agent) for step in steps(run, "model")]
    helper = ["chief", "helper", "helper"], "helper"
    deputy = ["chief", "transfer_to_deputy", "deputy"], "deputy"
    chief = ["chief"], "chief"
    reflect = ["chief", "ponder", "reflect"], "chief"
    judge = ["model_graded_qa"], "model_graded_qa"
    expected = [chief, chief, helper, helper, chief, deputy, deputy, chief, reflect]
    assert models == [*expected, chief, judge]
    assert all(step.context for step in steps(run, "model"))
    chosen = [decision(s).chosen[0].name for s in steps(run, "decision")]
    assert sorted(chosen) == ["approve"] * 9 + ["reject"]
    usages = [step.usage for step in steps(run, "model")]
    assert {u and (u.input_tokens, u.cache_read_tokens) for u in usages} == {(17, 7)}
    assert not [s for s in steps(run, "tool") if s.caller is None]


def test_many_small_samples_in_an_archive_are_no_chat(tmp_path: Path) -> None:
    messages = [USER, said("4")]
    members: dict[str, Any] = {"header.json": {"status": "success", "eval": EVAL}}
    for number in range(60):
        name = f"samples/{number}_epoch_1.json"
        members[name] = sample(id=number, messages=messages)
    path = zipped(tmp_path / "a.eval", members)
    assert claimed_by(path) == ["inspect"]
    assert len(read_runs(path)) == 60


@pytest.mark.parametrize(
    ("value", "is_ours"),
    [
        (log(sample(model())), True),
        (log(), True),
        (sample(model()), True),
        (sample(messages=[USER]), True),
        ({"events": [model()]}, True),
        ({"events": [{"event": "model"}]}, False),
        ({"events": [event("click")] * 3}, False),
        ({"eval": {"task": "t"}, "status": "ok"}, False),
        ({"messages": [USER]}, False),
        ({"messages": [USER], "epoch": 3}, False),
        ([], False),
    ],
)
def test_a_log_is_known_by_its_structure(value: Any, is_ours: bool) -> None:
    found = sample_of(value)
    assert inspect_ai.detect(found) == is_ours
    assert [r.NAME for r in claimants(found) if r.NAME == "inspect"] == [
        "inspect"
    ] * is_ours
    assert len(claimants(found)) <= 1


def test_a_log_cut_off_in_the_middle_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    whole = json.dumps(log(sample(model(uuid="e1"), model(uuid="e2"))), indent=1)
    path.write_text(whole[: whole.index('"e2"')], "utf-8")
    (run,) = read_runs(path)
    assert [s.key for s in steps(run, "model")][:1] == ["e1"]
    assert run.problems


def test_spans_that_hold_each_other_end_nothing() -> None:
    run = run_of(
        begin("a", "agent", "b"),
        begin("b", "agent", "a"),
        model(span_id="a"),
        model(span_id="gone", uuid="m2"),
        end("gone"),
    )
    assert len(steps(run, "model")) == 2
    assert whats(run)["the end of a span that did not begin"] == 1


PARTS = [
    {"type": "text", "text": "hm"},
    {"type": "reasoning", "reasoning": "r"},
    {"type": "tool_use", "id": "w", "name": "s", "arguments": "{}"},
]
WHOLE = log(
    sample(
        event("sample_init", sample={"input": "2+2?"}, state={"store": {}}),
        begin("boss", "agent"),
        model(
            said(PARTS, CALL),
            tools=[TOOL],
            span_id="boss",
            uuid="e1",
            completed=LATER,
            call={"request": {"seed": 1}, "response": {}},
        ),
        begin("add", "tool", "boss"),
        tool_event(span_id="boss", error={"type": "x", "message": "y"}, events=[]),
        event("approval", call=CALL, approver="a", decision="approve", explanation="e"),
        event("store", changes=[{"op": "add", "path": "/a", "value": 1}]),
        event("score", score={"value": 1}, scorer="s"),
        event("logger", message={"level": "info", "message": "m"}),
        event("sandbox", action="exec", cmd="ls", result=0, output="o"),
        event("sample_limit", type="token", message="m"),
        event("anchor", anchor_id="A"),
        event("branch", from_anchor="A", span_id="boss"),
        end("add"),
        scores={"s": {"value": "C", "answer": "4", "explanation": "e"}},
        attachments={"h": "text"},
        events_data={"messages": [USER], "calls": [{"role": "user", "content": "x"}]},
        error_retries=[{"message": "m", "events": [event("info", data=1)]}],
        limit={"type": "token", "limit": 1},
        output={"choices": [{"message": said("4")}]},
        messages=[USER],
    ),
    plan={"steps": [{"solver": "s"}]},
)  # fmt: skip


def test_values_of_other_types_stop_nothing() -> None:
    assert withstands(inspect_ai, {**WHOLE, "samples": []}) > 50
    (whole,) = WHOLE["samples"]
    assert withstands(inspect_ai, {**whole, "events": []}) > 100
    assert withstands(inspect_ai, {"events": whole["events"][:3]}) > 50
    count = 0
    for event_ in whole["events"]:
        for mutant in mutants(event_):
            count += 1
            runs_of(inspect_ai, {**whole, "events": [model(), mutant, end("add")]})
    assert count > 1000


def test_members_of_an_archive_of_other_types_stop_nothing(tmp_path: Path) -> None:
    for number, odd in enumerate((None, 7, "x", [], [None], {}, {"eval": 3})):
        members = {"header.json": odd, "samples/1.json": odd, "summaries.json": odd}
        path = zipped(tmp_path / f"{number}.eval", members)
        builder = Builder("inspect")
        builder.reading(str(path))
        inspect_ai.read(Records(path), builder)
        assert builder.finish() == ()


def test_a_damaged_archive_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.eval", {"header.json": {"eval": EVAL}})
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(TraceError):
        read_runs(path)


def test_an_event_whose_name_is_an_object_is_no_event_of_inspect(
    tmp_path: Path,
) -> None:
    """Found by fuzzing: a name that cannot be hashed ended in a traceback."""
    path = tmp_path / "events.json"
    event = {"event": {"a": 1}, "timestamp": "2026-01-01T00:00:00+00:00"}
    path.write_text(json.dumps({"events": [event]}), "utf-8")
    with pytest.raises(TraceError):
        read_runs(path)
