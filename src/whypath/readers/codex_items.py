"""Turns the items of a Codex session into steps: the conversation with its model.

Part of the `codex` reader. What the user, Codex and other agents said is made into
steps here; what the model said, and its calls, in `codex_answers` and `codex_tools`.
"""

from whypath.builder import Builder, Draft, RunDraft
from whypath.model import Kind, Message, StateChange
from whypath.readers.codex_answers import Answers, Messages
from whypath.readers.codex_history import History
from whypath.readers.codex_parts import (
    CALLS,
    Item,
    given,
    heard,
    item_of,
    prompt_in,
    request_in,
)
from whypath.readers.codex_scene import Place, Scene
from whypath.readers.codex_tools import Tools
from whypath.readers.fields import as_fields, as_items, as_text
from whypath.records import Raw


class Items:
    """The conversation of one run."""

    def __init__(self, builder: Builder, run: RunDraft, prefix: str) -> None:
        self.run = run
        self.scene = Scene(builder, run, prefix)
        self.history = History()
        self.tools = Tools(self.scene)
        self.answers = Answers(self.scene, self.history, self.tools)
        self._builder = builder
        self._contents = builder.contents
        self._asked: dict[bytes, Draft] = {}
        self._prompts: list[Draft] = []
        self._snapshots: list[Draft] = []

    def item(self, item: Item, place: Place) -> None:
        """Reads one item."""
        kind = item.type
        messages = heard(item, self._contents)
        if kind == "message" and item.role == "assistant":
            self.answers.speak(item, messages, place)
        elif kind in ("message", "agent_message"):
            self._listen(item, messages, place)
        elif kind == "reasoning":
            self.answers.think(item, messages, place)
        elif kind in CALLS:
            self.answers.call(item, messages, place)
        elif messages and messages[0].kind == "result":
            self.answers.close()
            self.history.messages.append(self.tools.result(messages[0], place))
            if kind == "tool_search_output":
                self.answers.offer(given(item.tools))
        elif kind == "ghost_snapshot":
            self._snapshot(item, place)
        else:
            self._other(item, messages, place)

    def copied(self, item: Item, host: "Items") -> bool:
        """True for an item of the session that this one began as a copy of."""
        messages = heard(item, self._contents)
        theirs = {_content_of(message) for message in host.history.messages}
        if not theirs.issuperset(map(_content_of, messages)):
            return False
        self.history.messages.extend(messages)
        return True

    def asked(self, text: Raw, place: Place) -> None:
        """An event with what the user said, before its item or instead of one."""
        data = bytes(text)
        if self.answers.is_known(data):
            return
        self.answers.close()
        request = request_in(as_text(text) or "")
        draft = self.scene.step("system" if request is None else "user", "", place)
        draft.output = self._contents.add(text)
        self._asked[data] = draft
        if request is not None:
            self._prompts.append(draft)
            self.run.task = self.run.task or request

    def roll_back(self, turns: int) -> None:
        """The user went back: the last turns are no longer in the conversation."""
        self.answers.close()
        self.history.roll_back(turns)
        if turns > 0 and self._prompts:
            at = max(0, len(self._prompts) - turns)
            self.scene.abandon(self._prompts[at])
            del self._prompts[at:]

    def undo(self) -> None:
        """The files went back to the last snapshot; the conversation did not."""
        self.answers.close()
        if self._snapshots:
            self.scene.abandon(self._snapshots.pop())

    def replaced(self, items: list[Raw]) -> bool:
        """A compaction: these items are the whole conversation. False: unreadable."""
        messages = list(self.history.instructions)
        turns: list[int] = []
        whole = True
        for raw in items:
            item = item_of(as_fields(raw).get("item") or raw)
            said = heard(item, self._contents)
            whole = whole and item.type != ""
            if item.role == "user" and prompt_in(item):
                turns.append(len(messages))
            messages.extend(said)
        self.history.replace(messages, turns)
        return whole

    def _listen(self, item: Item, messages: Messages, place: Place) -> None:
        """What the user said, or Codex in the user's name, or another agent."""
        self.answers.close()
        is_user = item.role == "user"
        prompt = prompt_in(item) if is_user else None
        is_prompt = prompt is not None or (is_user and messages[0].kind == "data")
        draft = self._known(item, messages[0], is_prompt) if is_user else None
        if draft is None:
            is_said = is_prompt or item.author is not None
            kind: Kind = "user" if is_said else "system"
            draft = self.scene.step(kind, _name_of(item, is_prompt), place, item.id)
            draft.agent = item.author
            if is_prompt:
                self._prompts.append(draft)
        if is_prompt:
            self.history.begin_turn()
            self.run.task = self.run.task or prompt
        draft.output = messages[0].content
        if len(messages) > 1:
            draft.details = messages[1].content
        self.history.messages.extend(messages)

    def _known(self, item: Item, said: Message, is_prompt: bool) -> Draft | None:
        """The step that an event made of the same prompt; it moves to this place."""
        if is_prompt:
            self.answers.said.clear()
        texts = {b"" if said.content is None else self._contents.raw(said.content)}
        parts = map(as_fields, as_items(given(item.content)))
        texts.update(bytes(part["text"]) for part in parts if "text" in part)
        draft = next((self._asked.pop(t) for t in texts if t in self._asked), None)
        if draft is None:
            self.answers.said.update(texts)
            return None
        draft.order = (self._builder.tick(), 0)
        return draft

    def _snapshot(self, item: Item, place: Place) -> None:
        """A commit of the working tree, to which an undo goes back."""
        commit = given(item.ghost_commit)
        number = self._contents.add(place.raw if commit is None else commit)
        draft = self.scene.step("state", "snapshot", place)
        draft.state = [StateChange("snapshot", number)]
        self._snapshots.append(draft)

    def _other(self, item: Item, messages: Messages, place: Place) -> None:
        """What is neither said nor called: tools on offer, a compaction, or unknown."""
        if item.type == "additional_tools":
            self.answers.offer(given(item.tools))
        elif not messages:
            what = f"items of unknown type {item.type[:40]!r}"
            self._builder.problem("note", what, "shown as recorded", place.line)
        self.history.messages.extend(messages)
        draft = self.scene.step("event", item.type[:40] or "item", place)
        draft.output = self._contents.add(place.raw)


def _name_of(item: Item, is_prompt: bool) -> str:
    """What a message's step is called."""
    if item.author is not None:
        return "from another agent"
    if item.role == "user":
        return "" if is_prompt else "context"
    return "" if item.role == "system" else item.role or "message"


def _content_of(message: Message) -> tuple[object, ...]:
    """What a message is by itself, whatever its call was found to be."""
    return message.role, message.kind, message.content
