"""Finds calls of tools that were not on offer, or with arguments their schema forbids.

Only the plain part of JSON Schema is looked at: type, required, properties, enum,
const, items, additionalProperties. What else a schema asks for is not judged.
"""

from collections.abc import Iterator
from typing import Any

from whypath.derive.findings.finding import Cite, Finding, NotApplicable, Unseen
from whypath.derive.findings.sight import NO_TOOL, Sight, short
from whypath.model import Step, Tool

MAX_DEPTH = 8
HOSTED = (
    *("web_search", "image_generation", "tool_search", "file_search", "computer"),
    *("code_interpreter", "local_shell", "web_fetch", "code_execution"),
)
"""Tools that a model's provider runs; offered in another way than by a definition."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def hallucinated_tools(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Calls of a tool that the model was not offered, and that did not work.

    One that worked was there, whatever list of tools was recorded.
    """
    asking = [step for step in sight.run.steps if step.calls]
    if not asking:
        yield NotApplicable("no model called a tool")
    known: dict[int, set[str]] = {}
    acts = {(act.step.caller, act.step.call_id): act for act in sight.acts}
    for step in asking:
        if step.tools is None:
            yield Unseen("the offered tools are not recorded")
            continue
        names = known.get(id(step.tools))
        if names is None:
            names = known[id(step.tools)] = {tool.name for tool in step.tools}
        for call in step.calls:
            if not names or call.name in (*names, *NO_TOOL, *HOSTED):
                continue
            if not call.name[:1].isalpha():
                continue
            plain = {_plain(name) for name in names}
            if _plain(call.name) in plain:
                continue
            act = acts.get((step.position, call.id))
            if (act is not None and act.worked) or any("toolset" in n for n in names):
                yield Unseen("not all of the offered tools are recorded")
                continue
            some = ", ".join(sorted(names)[:4])
            more = f" and {len(names) - 4} more" if len(names) > 4 else ""
            yield Finding(
                "hallucinated-tool",
                "error",
                f"Step {step.position} called “{short(call.name)}”, which was not on "
                f"offer; there were {some}{more}.",
                step.position,
                (Cite(step.position, f"called “{short(call.name)}”"),),
                subject=call.name,
            )


def _plain(name: str) -> str:
    """A name without its server's or namespace's prefix and punctuation."""
    last = name.replace("__", ".").replace("/", ".").rsplit(".", 1)[-1]
    return "".join(filter(str.isalnum, last)).lower()


def invalid_arguments(sight: Sight) -> Iterator[Finding | Unseen | NotApplicable]:
    """Calls whose arguments the recorded definition of the tool does not allow."""
    asking = [step for step in sight.run.steps if step.calls]
    if not asking:
        yield NotApplicable("no model called a tool")
    schemas: dict[Tool, Any] = {}
    for step in asking:
        offered = {tool.name: tool for tool in step.tools or ()}
        for call in step.calls:
            tool = offered.get(call.name)
            if step.tools is None or (tool and tool.definition is None):
                yield Unseen("the definitions of the offered tools are not recorded")
                continue
            if tool is None or call.arguments is None:
                continue
            if tool not in schemas:
                schemas[tool] = _schema(sight.document(tool.definition))
            schema = schemas[tool]
            if schema is None:
                yield Unseen("some definitions hold no schema of the arguments")
                continue
            arguments = sight.document(call.arguments)
            if isinstance(arguments, str):
                continue  # cut, or no JSON: a problem of the record
            wrong = next(_wrong(arguments, schema, "$", schema), None)
            if wrong is not None:
                yield _invalid(step, call.name, wrong)


def _invalid(step: Step, name: str, wrong: tuple[str, str]) -> Finding:
    path, what = wrong
    return Finding(
        "invalid-arguments",
        "warning",
        f"Step {step.position} called “{short(name)}” with arguments that its "
        f"definition does not allow: {what}.",
        step.position,
        (Cite(step.position, what, path),),
        subject=f"{name} {what}",
    )


def _schema(definition: Any) -> Any:
    """The schema of the arguments in a definition, in the shapes that are in use."""
    if not isinstance(definition, dict):
        return None
    inner = definition.get("function")
    if isinstance(inner, dict):
        definition = inner
    for name in ("parameters", "input_schema", "inputSchema", "parametersJsonSchema"):
        schema = definition.get(name)
        if isinstance(schema, dict) and ("properties" in schema or "type" in schema):
            return schema
    if definition.get("type") == "object" and "properties" in definition:
        return definition
    return None


def _wrong(
    value: Any, schema: Any, path: str, root: Any, depth: int = 0
) -> Iterator[tuple[str, str]]:
    """Paths and what is wrong there, in words."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return
    if any(name in schema for name in ("$ref", "anyOf", "oneOf", "allOf", "not", "if")):
        return
    name = path.removeprefix("$.").removeprefix("$") or "the arguments"
    kinds = schema.get("type")
    wanted = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(wanted, list) and wanted and not _is_of(value, wanted):
        nullable = value is None and schema.get("nullable") is True
        if not nullable:
            yield path, f"{short(name)} is no {' or '.join(map(str, wanted))}"
        return
    allowed = schema.get("enum")
    if isinstance(allowed, list) and allowed and value not in allowed:
        some = ", ".join(map(str, allowed[:6]))
        yield path, f"{short(name)} is “{short(value)}”, not one of {short(some, 80)}"
        return
    if isinstance(value, dict):
        yield from _wrong_fields(value, schema, path, root, depth)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        for at, item in enumerate(value[:50]):
            yield from _wrong(item, items, f"{path}[{at}]", root, depth + 1)


def _wrong_fields(
    value: dict[str, Any], schema: dict[str, Any], path: str, root: Any, depth: int
) -> Iterator[tuple[str, str]]:
    fields = schema.get("properties")
    fields = fields if isinstance(fields, dict) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name not in value:
            yield path, f"{short(name)} is missing"
    for name, inside in value.items():
        if name in fields:
            yield from _wrong(inside, fields[name], f"{path}.{name}", root, depth + 1)
        elif schema.get("additionalProperties") is False and fields:
            yield f"{path}.{name}", f"there is no {short(name)}"


def _is_of(value: Any, kinds: list[Any]) -> bool:
    """True for a value of one of the types; a kind that is not known allows it."""
    for kind in kinds:
        types = _TYPES.get(str(kind).lower())
        if types is None:
            return True
        if isinstance(value, bool) and bool not in types:
            continue
        if isinstance(value, types):
            return True
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            return True
    return False
