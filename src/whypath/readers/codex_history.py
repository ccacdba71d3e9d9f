"""What a Codex session's next request holds, message by message.

Part of the `codex` reader. A rollout records the very items that make up the input of
the next request, so a window is exact as long as every change to them is recorded.
"""

from whypath.builder import Window
from whypath.model import ContentId, Message


class History:
    """The items of the next request, and how they differ from those of the last."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.instructions: tuple[Message, ...] = ()
        self.exact = False
        self._turns: list[int] = []
        self._base: str | None = None
        self._keep = 0

    def instruct(self, text: ContentId) -> None:
        """The system prompt, which is sent before all items."""
        self.instructions = (Message("system", "text", text),)
        self.messages[:0] = self.instructions
        self._turns = [at + 1 for at in self._turns]
        self._base, self._keep = None, 0

    def begin_turn(self) -> None:
        """The next message is a user's prompt, to which a rollback may go back."""
        self._turns.append(len(self.messages))

    def window(self, key: str) -> Window | None:
        """What the model step `key` saw; None where that is not known exactly."""
        if not self.exact:
            self._base, self._keep = None, 0
            return None
        add = tuple(self.messages[self._keep :])
        window = Window(add, self._base, self._keep)
        self._base, self._keep = key, len(self.messages)
        return window

    def replace(self, messages: list[Message], turns: list[int]) -> None:
        """A compaction: `messages` are all that is left, `turns` begin at these."""
        same = 0
        for old, new in zip(self.messages[: self._keep], messages, strict=False):
            if old != new:
                break
            same += 1
        self.messages, self._turns, self._keep = messages, turns, same

    def roll_back(self, turns: int) -> None:
        """Takes back the last turns of the user and all that came of them."""
        if turns <= 0 or not self._turns:
            return
        cut = self._turns[max(0, len(self._turns) - turns)]
        del self._turns[max(0, len(self._turns) - turns) :]
        del self.messages[cut:]
        self._keep = min(self._keep, cut)
