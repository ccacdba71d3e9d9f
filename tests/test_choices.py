"""Several answers of one model call: each an option, and taken is what went on."""

import json
from pathlib import Path
from typing import Any

import pytest

from samples import read_runs
from test_otlp import attributes, batch, span
from whypath.derive.decisions.find import find_decisions
from whypath.model import Decision, Run
from whypath.readers.choices import NOT_TOLD, SUMMED, TOKENS, TOLD

ONE, TWO = "Take the train.", "Take the bus."
ASKED = {"role": "user", "content": "How do I get there?"}


def only(tmp_path: Path, format: str, *rows: Any) -> Run:
    """The one run that the lines of a file hold."""
    path = tmp_path / "run.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (run,) = read_runs(path, format)
    return run


def said(run: Run) -> list[str | None]:
    """What the model said, each time, or what it called."""
    contents = run.contents
    return [
        ", ".join(call.name for call in step.calls)
        if step.output is None
        else contents.text(step.output)
        for step in run.steps
        if step.kind == "model"
    ]


def decided(run: Run) -> Decision:
    """The first decision of the run, its options without their numbers."""
    return next(iter(find_decisions(run).values()))


def names(decision: Decision) -> list[str]:
    return [f"{'*' if o.chosen else ''}{o.name}" for o in decision.options]


def message(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def calling(id: str, name: str) -> dict[str, Any]:
    function = {"name": name, "arguments": "{}"}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": id, "type": "function", "function": function}],
    }


def response(*messages: Any, **more: Any) -> dict[str, Any]:
    choices = [
        {"index": number, "message": said, "finish_reason": "stop", **more}
        for number, said in enumerate(messages)
    ]
    return {"choices": choices}


def request(*messages: Any) -> dict[str, Any]:
    return {"messages": [ASKED, *messages]}


def row(asked: Any, *answers: Any, **more: Any) -> dict[str, Any]:
    return {"request": request(*asked), "response": response(*answers, **more)}


NEXT = {"role": "user", "content": "And then?"}
USED: dict[str, tuple[list[Any], list[str], str, str]] = {
    "the first": ([message(ONE), NEXT], ["*1: " + ONE, "2: " + TWO], TOLD, ONE),
    "the second": ([message(TWO), NEXT], ["1: " + ONE, "*2: " + TWO], TOLD, TWO),
    "another": ([message("?"), NEXT], ["1: " + ONE, "2: " + TWO], NOT_TOLD, ONE),
}


@pytest.mark.parametrize(
    ("goes_on", "options", "note", "shown"), USED.values(), ids=USED
)
def test_the_next_request_of_a_chat_shows_which_answer_was_used(
    goes_on: list[Any], options: list[str], note: str, shown: str, tmp_path: Path
) -> None:
    rows = (row([], message(ONE), message(TWO)), row(goes_on, message("Walk.")))
    run = only(tmp_path, "chat", *rows)
    decision = decided(run)
    assert (names(decision), decision.options_note) == (options, note)
    assert decision.basis == "recorded"
    assert said(run) == [shown, "Walk."]
    last = run.steps[-1].context
    assert last is not None
    assert run.contents.text(last.add[0].content or 0) == shown


def test_a_call_that_was_used_is_the_one_that_is_answered(tmp_path: Path) -> None:
    result = {"role": "tool", "tool_call_id": "b", "content": "at nine"}
    run = only(
        tmp_path,
        "chat",
        row([], calling("a", "trains"), calling("b", "buses")),
        row([calling("b", "buses"), result], message("Nine.")),
    )
    assert names(decided(run)) == ["1: trains", "*2: buses"]
    tools = [(s.name, s.caller, s.status) for s in run.steps if s.kind == "tool"]
    assert tools == [("buses", 2, "ok")]
    assert decided(run).outcome == "ok"


def test_a_last_response_does_not_say_which_answer_was_used(tmp_path: Path) -> None:
    run = only(tmp_path, "chat", row([], message(ONE), message(TWO)))
    assert (decided(run).chosen, decided(run).options_note) == ((), NOT_TOLD)
    assert said(run) == [ONE]


def odds(*tokens: tuple[str, float]) -> dict[str, Any]:
    listed = [{"token": token, "logprob": weight} for token, weight in tokens]
    return {"content": [{**listed[0], "top_logprobs": listed}]}


def test_an_answer_of_one_token_is_a_choice_between_the_likeliest(
    tmp_path: Path,
) -> None:
    weighed = odds(("yes", -0.1), ("no", -2.5))
    run = only(tmp_path, "chat", row([], message("yes"), logprobs=weighed))
    decision = decided(run)
    assert names(decision) == ["*yes", "no"]
    assert (decision.confidence, decision.options_note) == (
        pytest.approx(0.905, abs=1e-3),
        TOKENS,
    )


def test_answers_are_weighed_by_their_tokens(tmp_path: Path) -> None:
    weighed = odds(("yes", -0.5))
    run = only(
        tmp_path, "chat", row([], message("yes"), message("no"), logprobs=weighed)
    )
    decision = decided(run)
    assert [option.score for option in decision.options] == [-0.5, -0.5]
    assert SUMMED in (decision.options_note or "")
    assert decision.confidence is None


def gen_ai(asked: list[Any], answers: list[Any]) -> dict[str, Any]:
    """A chat span; an answer is a text or a call."""
    parts = [
        [{"type": "text", "content": a}]
        if isinstance(a, str)
        else [{"type": "tool_call", "id": a[0], "name": a[1], "arguments": {}}]
        for a in answers
    ]
    listed = [
        {"role": "assistant", "parts": each, "finish_reason": "stop"} for each in parts
    ]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(listed),
    }


def openinference(asked: list[Any], answers: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "openinference.span.kind": "LLM",
        "llm.invocation_parameters": json.dumps({"n": len(answers)}),
        "input.value": json.dumps({"messages": asked}),
    }
    for number, answer in enumerate(answers):
        found.update(flat(f"llm.output_messages.{number}.message.", answer))
    return found


def flat(prefix: str, answer: Any) -> dict[str, Any]:
    if isinstance(answer, str):
        return {prefix + "role": "assistant", prefix + "content": answer}
    call = prefix + "tool_calls.0.tool_call."
    return {
        prefix + "role": "assistant",
        call + "id": answer[0],
        call + "function.name": answer[1],
        call + "function.arguments": "{}",
    }


def traceloop(asked: list[Any], answers: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"llm.request.type": "chat", "gen_ai.request.model": "m"}
    for number, said in enumerate(asked):
        found[f"gen_ai.prompt.{number}.role"] = said["role"]
        found[f"gen_ai.prompt.{number}.content"] = said["content"]
    for number, answer in enumerate(answers):
        prefix = f"gen_ai.completion.{number}."
        found[prefix + "role"] = "assistant"
        found[prefix + "finish_reason"] = "stop"
        if isinstance(answer, str):
            found[prefix + "content"] = answer
        else:
            found[prefix + "tool_calls.0.id"] = answer[0]
            found[prefix + "tool_calls.0.name"] = answer[1]
            found[prefix + "tool_calls.0.arguments"] = "{}"
    return found


def raw_response(asked: list[Any], answers: list[Any]) -> dict[str, Any]:
    """A span that keeps the API's request and response, as MLflow's do."""
    messages = [
        message(answer) if isinstance(answer, str) else calling(*answer)
        for answer in answers
    ]
    return {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": json.dumps({"messages": asked}),
        "mlflow.spanOutputs": json.dumps(response(*messages)),
    }


def google(asked: list[Any], answers: list[Any]) -> dict[str, Any]:
    """The same with Gemini's candidates."""
    candidates = [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": a}
                    if isinstance(a, str)
                    else {"functionCall": {"id": a[0], "name": a[1], "args": {}}}
                ],
            }
        }
        for a in answers
    ]
    found = raw_response(asked, answers)
    return {**found, "mlflow.spanOutputs": json.dumps({"candidates": candidates})}


DIALECTS = (gen_ai, openinference, traceloop, raw_response, google)


def read_spans(tmp_path: Path, *spans: Any) -> Run:
    return only(tmp_path, "otlp", batch(*spans))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("used", [0, 1])
def test_the_next_call_shows_which_of_a_spans_answers_was_used(
    dialect: Any, used: int, tmp_path: Path
) -> None:
    went_on = [ASKED, message((ONE, TWO)[used]), NEXT]
    run = read_spans(
        tmp_path,
        span(1, said=dialect([ASKED], [ONE, TWO])),
        span(2, said=dialect(went_on, ["Walk."])),
    )
    decision = decided(run)
    assert [option.chosen for option in decision.options] == [not used, bool(used)]
    assert decision.options_note == TOLD
    assert said(run) == [(ONE, TWO)[used], "Walk."]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_tool_that_ran_shows_which_of_a_spans_calls_was_used(
    dialect: Any, tmp_path: Path
) -> None:
    ran = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "buses",
        "gen_ai.tool.call.id": "b",
        "gen_ai.tool.call.result": "at nine",
    }
    run = read_spans(
        tmp_path,
        span(1, said=dialect([ASKED], [("a", "trains"), ("b", "buses")])),
        span(2, said=ran),
    )
    assert names(decided(run)) == ["1: trains", "*2: buses"]
    assert decided(run).outcome == "ok"
    assert [(s.name, s.caller) for s in run.steps if s.kind == "tool"] == [("buses", 1)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_where_nothing_goes_on_it_is_not_known_which_was_used(
    dialect: Any, tmp_path: Path
) -> None:
    run = read_spans(tmp_path, span(1, said=dialect([ASKED], [ONE, TWO])))
    assert (decided(run).chosen, decided(run).options_note) == ((), NOT_TOLD)
    assert said(run) == [ONE]


def test_an_agents_own_answer_shows_which_was_used(tmp_path: Path) -> None:
    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.output.messages": json.dumps([message(TWO)]),
    }
    inner = span(2, parent=1, said=gen_ai([ASKED], [ONE, TWO]))
    run = read_spans(tmp_path, span(1, said=agent), inner)
    assert names(decided(run)) == ["1: " + ONE, "*2: " + TWO]


PARTS: dict[str, dict[str, Any]] = {
    "thought and said": gen_ai([ASKED], [ONE])
    | {
        "gen_ai.output.messages": json.dumps(
            [
                {
                    "role": "assistant",
                    "finish_reason": "stop",
                    "parts": [{"type": "reasoning", "content": "Hm."}],
                },
                {
                    "role": "assistant",
                    "finish_reason": "stop",
                    "parts": [{"type": "text", "content": ONE}],
                },
            ]
        )
    },
    "said and called": openinference([ASKED], [ONE, ("a", "trains")])
    | {"llm.invocation_parameters": "{}"},
    "one reason for both": gen_ai([ASKED], [ONE, TWO])
    | {"gen_ai.response.finish_reasons": ["stop"]},
}


@pytest.mark.parametrize("attributes", PARTS.values(), ids=PARTS)
def test_the_parts_of_one_answer_are_no_choice(
    attributes: dict[str, Any], tmp_path: Path
) -> None:
    run = read_spans(tmp_path, span(1, said=attributes))
    assert run.steps[0].decision is None


def test_each_choice_event_of_old_is_an_answer(tmp_path: Path) -> None:
    events = [
        {
            "name": "gen_ai.choice",
            "attributes": attributes(
                {"index": number, "message": json.dumps({"content": text})}
            ),
        }
        for number, text in enumerate((ONE, TWO))
    ]
    said_so = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    run = read_spans(tmp_path, span(1, said=said_so, events=events))
    assert names(decided(run)) == ["1: " + ONE, "2: " + TWO]


def test_langchains_generations_are_answers(tmp_path: Path) -> None:
    generations = [
        {"text": text, "message": {"type": "ai", "content": text}}
        for text in (ONE, TWO)
    ]
    run = only(
        tmp_path,
        "langsmith",
        {
            "id": "1",
            "trace_id": "1",
            "name": "ChatModel",
            "run_type": "llm",
            "start_time": "2026-03-02T08:30:00Z",
            "end_time": "2026-03-02T08:30:01Z",
            "dotted_order": "1",
            "inputs": {"messages": [[{"type": "human", "content": "Hi"}]]},
            "outputs": {"generations": [generations]},
        },
    )
    assert names(decided(run)) == ["1: " + ONE, "2: " + TWO]
    assert said(run) == [ONE]
