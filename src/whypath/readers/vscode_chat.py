"""VS Code's chat sessions (workspaceStorage/ID/chatSessions), as with GitHub Copilot.

Not read: edits and editor decorations, follow-ups, the patch stream of newer versions.
"""

from whypath.builder import Builder, RunDraft
from whypath.model import Call, ContentId
from whypath.readers.fields import (
    Fields,
    as_fields,
    as_items,
    as_scalar,
    as_text,
    first,
)
from whypath.records import Raw, Records, Sample

NAME = "vscode-chat"
TOOL = "VS Code chat sessions (GitHub Copilot)"
EXPORT = "Chat: Export Chat... in the command palette"
NOT_READ = "edits and editor decorations, follow-ups"
EXAMPLE = "whypath report chat.json"

_LABELS = ("customTitle", "requesterUsername", "responderUsername")


def detect(sample: Sample) -> bool:
    """Requests, and who answers them."""
    return any(
        isinstance(value.get("requests"), list) and "responderUsername" in value
        for value in sample.objects()
    )


def read(records: Records, builder: Builder) -> None:
    """Each document is a run."""
    for record in records:
        session = as_fields(record.data)
        if "requests" not in session:
            builder.problem("loss", "a line without requests", "left out", record.line)
            continue
        name = records.path.stem if records.path else "stdin"
        run = builder.run(as_scalar(session.get("sessionId")) or name)
        builder.about = run.id
        for label in _LABELS:
            if value := as_scalar(session.get(label)):
                run.labels[label] = value
        for raw in as_items(session["requests"]):
            _Request(builder, run, as_fields(raw), record.line).tell()


class _Request:
    """One request: what was asked, and the rounds of calls that answered it."""

    def __init__(
        self, builder: Builder, run: RunDraft, fields: Fields, line: int
    ) -> None:
        self._contents = builder.contents
        self._run = run
        self._fields = fields
        self._line = line
        self._model = as_text(fields.get("modelId"))
        self._agent = as_text(as_fields(fields.get("agent")).get("name"))
        self._start_ns = builder.time(as_scalar(fields.get("timestamp")), line)
        result = as_fields(fields.get("result"))
        self._error = as_fields(result.get("errorDetails")).get("message")
        self._found = as_fields(result.get("metadata"))

    def tell(self) -> None:
        """Adds the steps of the request to the run."""
        asked = as_fields(self._fields.get("message")).get("text")
        id = as_scalar(self._fields.get("requestId"))
        step = self._run.step("user", line=self._line, key=id)
        step.start_ns = self._start_ns
        step.output = self._contents.add_if(asked)
        rounds = [as_fields(r) for r in as_items(self._found.get("toolCallRounds"))]
        for fields in rounds:
            self._round(fields)
        if not rounds:
            self._plain_answer()
        if self._error is not None:
            why = as_text(self._error) or "failed"
            self._run.step("error", "error", line=self._line, status="error", error=why)

    def _round(self, fields: Fields) -> None:
        step = self._run.step("model", line=self._line, status="ok")
        step.key = as_scalar(fields.get("id"))
        step.model, step.agent = self._model, self._agent
        said = fields.get("response")
        step.output = self._contents.add_if(said)
        thought = as_fields(fields.get("thinking")).get("text")
        step.reasoning = self._contents.add_if(thought)
        calls = [as_fields(raw) for raw in as_items(fields.get("toolCalls"))]
        step.calls = tuple(self._call(call) for call in calls)
        results = as_fields(self._found.get("toolCallResults"))
        for call in step.calls:
            result = results.get(call.id or "")
            if result is not None and call.id is not None:
                output = self._contents.add_text(_text_of(result))
                self._run.result(call.id, output, line=self._line)

    def _call(self, fields: Fields) -> Call:
        raw = fields.get("arguments")
        arguments = self._contents.add_embedded_if(raw)
        name = as_scalar(fields.get("name")) or "?"
        return Call(as_scalar(fields.get("id")), name, arguments)

    def _plain_answer(self) -> None:
        """What was shown, for requests that do not record their rounds."""
        parts = [as_fields(raw) for raw in as_items(self._fields.get("response"))]
        texts = [as_text(part.get("value")) for part in parts if "kind" not in part]
        output: ContentId | None = None
        if any(texts):
            output = self._contents.add_text("".join(text or "" for text in texts))
        step = self._run.step("model", line=self._line, status="ok", output=output)
        step.model, step.agent = self._model, self._agent


def _text_of(result: Raw) -> str:
    """All texts in a result, which may be a tree of what was drawn for the model."""
    found: list[str] = []

    def walk(raw: Raw) -> None:
        fields = as_fields(raw)
        text = as_text(first(fields, "text", "value"))
        if text is not None:
            found.append(text)
            return
        inner = [*as_items(raw), *fields.values()]
        for item in inner:
            walk(item)

    walk(result)
    return "".join(found) or bytes(result).decode("utf-8", "replace")
