"""https://grafana.com/docs/tempo/latest/api_docs: a trace of Tempo, as OTLP in it.

Not read: what OTLP itself leaves out (metrics, links between spans).
"""

from typing import Any

from whypath.builder import Builder
from whypath.readers import otlp
from whypath.readers.span_values import as_object, objects
from whypath.records import Records, Sample

NAME = "tempo"
TOOL = "Grafana Tempo"
EXPORT = "in Grafana, a trace's Export or Inspector; or GET /api/traces/ID of Tempo"
NOT_READ = "metrics, span links"
EXAMPLE = "whypath report trace.json"

_INSIDE = ("scopeSpans", "instrumentationLibrarySpans")


def detect(sample: Sample) -> bool:
    """Some object wraps the batches of a trace as Tempo does."""
    return any(_is_wrapper(value) for value in sample.objects())


def read(records: Records, builder: Builder) -> None:
    """Tells the builder everything the spans say."""
    otlp.read_batches(records, builder, _unwrapped)


def _is_wrapper(value: dict[str, Any]) -> bool:
    if isinstance(as_object(value.get("trace")).get("resourceSpans"), list):
        return True
    batches = objects(value.get("batches"))
    return any(name in batch for batch in batches for name in _INSIDE)


def _unwrapped(value: Any) -> Any:
    """The trace: `batches` is what OTLP calls `resourceSpans`."""
    outer = as_object(value)
    if isinstance(outer.get("trace"), dict):
        return _unwrapped(outer["trace"])
    if "batches" in outer:
        return {"resourceSpans": outer["batches"]}
    return value
