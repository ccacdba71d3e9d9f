"""Turns what a Codex session's model wrote into steps, one for each response.

Part of the `codex` reader. A response is several items, and events tell of most of them
once more, before or after: it becomes one step in which everything is said once.
"""

from collections import Counter

from whypath.builder import Draft
from whypath.model import Call, ContentId, Message, Tool
from whypath.readers.codex_history import History
from whypath.readers.codex_parts import Item, only_text
from whypath.readers.codex_scene import Place, Scene
from whypath.readers.codex_tools import Tools
from whypath.readers.fields import as_fields, as_items, as_scalar, is_list
from whypath.records import Raw

Messages = tuple[Message, ...]


class Answer:
    """One response of the model, whose items are still coming in."""

    __slots__ = (
        *("calls", "draft", "encrypted", "events"),
        *("has_called", "items", "texts", "thoughts"),
    )

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.items = 0
        self.encrypted = False
        self.has_called = False
        self.texts: list[ContentId] = []
        self.thoughts: list[ContentId] = []
        self.calls: list[Call] = []
        self.events: list[tuple[str, bytes]] = []


class Answers:
    """The responses in one run."""

    def __init__(self, scene: Scene, history: History, tools: Tools) -> None:
        self.model: str | None = None
        self.last: Draft | None = None
        """The last response, to which tokens that are counted next belong."""
        self.said: Counter[bytes] = Counter()
        """Texts of items whose event is yet to come."""
        self._scene = scene
        self._contents = scene.contents
        self._history = history
        self._tools = tools
        self._offered: dict[str, Tool] = {}
        self._answer: Answer | None = None

    def offer(self, raw: Raw | None) -> None:
        """Tools that are on offer from here on, in groups or one by one."""
        for item in as_items(raw) if is_list(raw) else [raw] if raw else []:
            fields = as_fields(item)
            name = as_scalar(fields.get("name"))
            if "tools" in fields:
                self.offer(fields["tools"])
            elif name and as_scalar(fields.get("deferLoading")) != "true":
                self._offered[name] = Tool(name, self._contents.add(item))

    def told(self, kind: str, text: Raw, place: Place) -> None:
        """An event with what the model said (`text`) or thought (`thought`)."""
        data = bytes(text)
        if not self.is_known(data) and len(data) > 2:
            self._opened(place, None).events.append((kind, data))

    def is_known(self, text: bytes) -> bool:
        """True for an event's text that an item told before; once for each item."""
        if self.said.get(text, 0) < 1:
            return False
        self.said[text] -= 1
        return True

    def speak(self, item: Item, messages: Messages, place: Place) -> None:
        """A message to the user. After a call it is another response."""
        if self._answer is not None and self._answer.has_called:
            self.close()
        answer = self._answering(item, place)
        for message in messages:
            if message.kind == "text" and message.content is not None:
                answer.texts.append(message.content)
                self._match("text", answer, item.content, message.content)
            else:
                answer.draft.details = message.content
        self._history.messages.extend(messages)

    def think(self, item: Item, messages: Messages, place: Place) -> None:
        """Reasoning, or the part of it that is not encrypted."""
        answer = self._answering(item, place)
        for message in messages:
            if message.content is None:
                answer.encrypted = True
                continue
            answer.thoughts.append(message.content)
            self._match("thought", answer, item.summary, message.content)
        self._history.messages.extend(messages)

    def call(self, item: Item, messages: Messages, place: Place) -> None:
        """A tool call, with its result where the item holds that as well."""
        answer = self._answering(item, place)
        call = self._tools.call(messages[0], item.id, place)
        answer.calls.append(call)
        answer.has_called = answer.has_called or item.call_id is not None
        if item.call_id is None and item.status == "completed":
            self._tools.drafts[call.id or ""].status = "ok"
        asked = Message("assistant", "call", call.arguments, call.name, call.id)
        self._history.messages.append(asked)
        for message in messages[1:]:
            result = message._replace(call_id=call.id)
            self._history.messages.append(self._tools.result(result, place))

    def counted(self) -> None:
        """The tokens of a response are counted, which ends it."""
        if self._answer is not None and self._answer.items:
            self.close()

    def close(self) -> None:
        """The response is complete: its parts become one step."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        for kind, data in answer.events:
            number = self._contents.add(data)
            known = answer.thoughts if kind == "thought" else answer.texts
            if number not in known:
                known.append(number)
        draft = answer.draft
        draft.output = self._joined(answer.texts)
        draft.reasoning = self._joined(answer.thoughts)
        draft.calls = tuple(answer.calls)
        if not answer.items and draft.output is None and draft.reasoning is None:
            self._scene.take_back(draft)
            self.last = None
        if answer.encrypted and draft.reasoning is None:
            what = "reasoning that is recorded only encrypted"
            done = "its text is unknown"
            self._scene.builder.problem_at("note", what, done, draft.source)

    def _opened(self, place: Place, id: str | None) -> Answer:
        answer = self._answer
        if answer is None:
            draft = self._scene.step("model", "", place, id)
            draft.model, draft.status = self.model, "ok"
            answer = self._answer = Answer(draft)
            self.last = draft
        elif place.time_ns is not None and place.time_ns != answer.draft.start_ns:
            answer.draft.end_ns = place.time_ns
        return answer

    def _answering(self, item: Item, place: Place) -> Answer:
        """The response that an item belongs to; the first one says what it saw."""
        answer = self._opened(place, item.id)
        if not answer.items:
            draft = answer.draft
            draft.window = self._history.window(draft.key or "")
            draft.tools = tuple(self._offered.values()) if self._offered else None
            draft.model = self.model
        answer.items += 1
        return answer

    def _match(self, kind: str, answer: Answer, content: Raw, whole: ContentId) -> None:
        """Finds the events that tell the same, before the item or yet to come."""
        texts = {self._contents.raw(whole)}
        if len(content) > 0 and only_text(content) is None:
            parts = map(as_fields, as_items(content))
            texts.update(bytes(part["text"]) for part in parts if "text" in part)
        for data in texts:
            if (kind, data) in answer.events:
                answer.events.remove((kind, data))
            else:
                self.said[data] += 1

    def _joined(self, parts: list[ContentId]) -> ContentId | None:
        if len(parts) < 2:
            return parts[0] if parts else None
        texts = map(self._contents.text, parts)
        return self._contents.add_text("\n\n".join(texts))
