"""Writes tests/traces/otlp/sdk_decisions.jsonl: decisions, traced by the real SDK.

Run by hand where these are installed: `opentelemetry-sdk`,
`opentelemetry-exporter-otlp-json-file`, `openinference-semantic-conventions`. A span of
OpenInference's kind DECISION is a decision, whoever made it: a model, a rule, a person.
Its input are the questions, with the options and the state they were decided on; its
output are the answers. Clock and ids are fixed.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from openinference.semconv.trace import (
    OpenInferenceMimeTypeValues,
    OpenInferenceSpanKindValues,
    SpanAttributes,
)
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Span, Status, StatusCode, Tracer, use_span

OUT = Path(__file__).parents[1] / "traces" / "otlp" / "sdk_decisions.jsonl"
START_NS, STEP_NS = 1_795_000_000_000_000_000, 50_000_000
MODEL = {"decision.system": "typesafe", "decision.model_name": "jev-1.13.0"}
RULE = {"decision.system": "rules"}

clock = count(START_NS, STEP_NS)


class Counted(IdGenerator):
    """Ids that are the same at each run."""

    def __init__(self) -> None:
        self._next = count(1)

    def generate_span_id(self) -> int:
        return next(self._next)

    def generate_trace_id(self) -> int:
        return 0x0AF7651916CD43DD8448EB211C80319C


@contextmanager
def span(tracer: Tracer, name: str, attributes: dict[str, Any]) -> Iterator[Span]:
    """A span of the fixed clock, current until it ends."""
    made = tracer.start_span(name, attributes=attributes, start_time=next(clock))
    with use_span(made, record_exception=False, set_status_on_exception=False):
        yield made
    made.end(end_time=next(clock))


def decide(
    tracer: Tracer,
    name: str,
    state: dict[str, Any],
    questions: dict[str, Any],
    answers: dict[str, Any],
    made_by: dict[str, Any],
) -> None:
    """One decision span: this function is all that an agent needs of its own."""
    json_type = OpenInferenceMimeTypeValues.JSON.value
    attributes = {
        SpanAttributes.OPENINFERENCE_SPAN_KIND: (
            OpenInferenceSpanKindValues.DECISION.value
        ),
        SpanAttributes.INPUT_VALUE: json.dumps(
            {"state": state, "questions": questions}
        ),
        SpanAttributes.INPUT_MIME_TYPE: json_type,
        SpanAttributes.OUTPUT_VALUE: json.dumps({"answers": answers}),
        SpanAttributes.OUTPUT_MIME_TYPE: json_type,
        **made_by,
    }
    with span(tracer, name, attributes) as made:
        made.set_status(Status(StatusCode.OK))


def support(tracer: Tracer) -> None:
    """A ticket of a VIP, whose tier is looked up and then not found."""
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support"}
    with span(tracer, "invoke_agent support", agent):
        looked_up = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "crm.lookup",
            "gen_ai.tool.call.id": "c1",
            "gen_ai.tool.call.arguments": json.dumps({"customer": "C-7"}),
            "gen_ai.tool.call.result": json.dumps({"account_tier": "vip"}),
        }
        with span(tracer, "execute_tool crm.lookup", looked_up) as lookup:
            source = f"{lookup.get_span_context().span_id:016x}"
        tier = {"name": "tier", "value": "standard", "step": source, "path": "$.tier"}
        queue = {
            "type": "choice",
            "instructions": "Which queue takes the ticket?",
            "criteria": {"vip-desk": "for VIPs", "general": "for everyone else"},
        }
        to_general = {
            "choice": "general",
            "confidence": 0.71,
            "probabilities": [
                {"value": "vip-desk", "probability": 0.29, "reason": "tier: standard"},
                {"value": "general", "probability": 0.71},
            ],
            "explanation": "Standard customers go to the general queue.",
            "evidence": [{**tier, "default": True}],
        }
        state = {"tier": "standard", "customer": "C-7"}
        asked, said = {"queue": queue}, {"queue": to_general}
        decide(tracer, "route_ticket", state, asked, said, MODEL)
        may_close = {
            "type": "choice",
            "instructions": "May the ticket be closed by itself?",
            "options": ["close", "ask a person"],
        }
        asked_a_person = {
            "choice": "ask a person",
            "rationale": "A complaint is never closed by itself.",
            "outcome": "A person kept it open.",
        }
        state = {"topic": "complaint"}
        asked, said = {"close": may_close}, {"close": asked_a_person}
        decide(tracer, "may_close", state, asked, said, RULE)


def main() -> None:
    provider = TracerProvider(
        resource=Resource({"service.name": "support"}), id_generator=Counted()
    )
    with OUT.open("w", encoding="utf-8") as stream:
        exporter = FileSpanExporter(stream=stream)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        support(provider.get_tracer("support"))
        provider.shutdown()


if __name__ == "__main__":
    main()
