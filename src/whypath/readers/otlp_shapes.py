"""OTLP/JSON as classes: read in one go where every field has the type it should have.

Part of the `otlp` reader. What has another type anywhere is read by `loosely`, into the
same classes, with whatever it holds in their fields.
"""

from collections.abc import Mapping
from sys import intern
from typing import Any

from whypath.readers.span_values import as_object, objects
from whypath.records import Shape, decoder

KNOWN = ("resourceSpans", "resourceLogs", "resourceMetrics")
_SCALARS = ("stringValue", "boolValue", "doubleValue", "bytesValue")


class _Value(Shape, forbid_unknown_fields=True, gc=False):
    """An `AnyValue`."""

    stringValue: str | None = None
    boolValue: Any = None
    doubleValue: Any = None
    bytesValue: Any = None
    intValue: Any = None
    arrayValue: Any = None
    kvlistValue: Any = None


class _Pair(Shape, gc=False):
    key: str
    value: _Value | None = None


class EventShape(Shape, gc=False):
    """An event on a span."""

    name: Any = None
    timeUnixNano: Any = None
    attributes: list[_Pair] | None = None


class SpanShape(Shape, gc=False):
    """A span."""

    traceId: Any = None
    spanId: Any = None
    parentSpanId: Any = None
    name: Any = None
    startTimeUnixNano: Any = None
    endTimeUnixNano: Any = None
    status: Any = None
    attributes: list[_Pair] | None = None
    events: list[EventShape] | None = None


class Scoped(Shape, gc=False):
    """The spans of one instrumentation. Its older name is in older files."""

    spans: list[SpanShape] | None = None
    scope: Any = None
    instrumentationLibrary: Any = None


class Resource(Shape, gc=False):
    """What sent the spans."""

    attributes: list[_Pair] | None = None


class Group(Shape, gc=False):
    """The spans of one resource."""

    resource: Resource | None = None
    scopeSpans: list[Scoped] | None = None
    instrumentationLibrarySpans: list[Scoped] | None = None


class Batch(Shape, gc=False):
    """An export request."""

    resourceSpans: list[Group] | None = None
    resourceLogs: Any = None
    resourceMetrics: Any = None


strictly = decoder(Batch)


def loosely(batch: Mapping[str, Any]) -> Batch:
    """An export request whose fields may hold anything; what is no object is left."""
    groups = [
        Group(
            resource=Resource(as_object(group.get("resource")).get("attributes")),
            scopeSpans=_scoped(group.get("scopeSpans")),
            instrumentationLibrarySpans=_scoped(
                group.get("instrumentationLibrarySpans")
            ),
        )
        for group in objects(batch.get("resourceSpans"))
    ]
    return Batch(groups, batch.get("resourceLogs"), batch.get("resourceMetrics"))


def _scoped(listed: Any) -> list[Scoped]:
    found = []
    for scoped in objects(listed):
        library = scoped.get("instrumentationLibrary")
        spans = [_span(span) for span in objects(scoped.get("spans"))]
        found.append(Scoped(spans, scoped.get("scope"), library))
    return found


def _span(span: dict[str, Any]) -> SpanShape:
    fields = {name: span[name] for name in SpanShape.__struct_fields__ if name in span}
    listed = [
        EventShape(
            event.get("name"), event.get("timeUnixNano"), event.get("attributes")
        )
        for event in objects(span.get("events"))
    ]
    return SpanShape(**{**fields, "events": listed})


def attributes_of(pairs: Any) -> dict[str, Any]:
    """Key and value pairs as a dict; the last of a repeated key wins."""
    if isinstance(pairs, dict):
        return {key: plain(value) for key, value in pairs.items()}
    found: dict[str, Any] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if type(pair) is _Pair:
            value = pair.value
            said = None if value is None else value.stringValue
            found[intern(pair.key)] = _typed(value) if said is None else said
        elif isinstance(pair, dict) and isinstance(key := pair.get("key"), str):
            found[intern(key)] = plain(pair.get("value"))
    return found


def _typed(value: _Value | None) -> Any:
    """What a value holds that is no text."""
    if value is None:
        return None
    if value.intValue is not None:
        return _integer(value.intValue)
    for scalar in (value.boolValue, value.doubleValue, value.bytesValue):
        if scalar is not None:
            return scalar
    if value.arrayValue is not None:
        return _values(value.arrayValue)
    return None if value.kvlistValue is None else _pairs(value.kvlistValue)


def plain(value: Any) -> Any:
    """What an `AnyValue` holds; a value without its wrapper is itself."""
    if not isinstance(value, dict):
        return value
    for name in _SCALARS:
        if name in value:
            return value[name]
    if "intValue" in value:
        return _integer(value["intValue"])
    for name, unwrap in (("arrayValue", _values), ("kvlistValue", _pairs)):
        if name in value:
            return unwrap(value[name])
    return value or None


def _values(value: Any) -> list[Any]:
    inner = as_object(value).get("values")
    return [plain(item) for item in inner] if isinstance(inner, list) else []


def _pairs(value: Any) -> dict[str, Any]:
    return attributes_of(as_object(value).get("values"))


def _integer(value: Any) -> Any:
    """A 64-bit integer, which JSON carries as text; anything else as it is."""
    if isinstance(value, str) and len(value) < 20 and value.lstrip("-").isdecimal():
        return int(value)
    return value
