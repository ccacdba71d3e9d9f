"""Invents an agent's run of a chosen size, the same at every call, to measure with.

A step is a thought, perhaps a word to the user, one tool call and its result of 1 to
4 kB: source code of this Python's own library, JSON, logs, tracebacks. About 4 % of the
results are errors, some calls repeat, and the user speaks about every 25 steps. Nothing
here is a recording of anybody's work.
"""

import json
import random
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

SEED = 20
START = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
MODEL = "claude-sonnet-4-5-20250929"

TALK = (
    "the parser keeps the old value because the cache is filled before the handler "
    "sees the new header so a retry reads what an earlier request left behind and the "
    "test that should fail passes while the log shows a timeout near the second call "
    "we can move the check in front of the lookup or drop the entry when the version "
    "changes which is smaller and leaves the public interface as it was"
)
WORDS = TALK.split()

Record = dict[str, Any]

TOOLS = {
    "Read": 26,
    "Bash": 26,
    "Edit": 18,
    "Grep": 12,
    "Write": 5,
    "Glob": 5,
    "WebFetch": 4,
    "mcp__tracker__search": 4,
}


@dataclass(frozen=True, slots=True)
class Action:
    """One step of the invented run; times are seconds since its start."""

    number: int
    prompt: str | None
    thinking: str
    text: str | None
    tool: str
    arguments: Record
    result: str
    failed: bool
    asked_s: float
    called_s: float
    ended_s: float
    tokens: tuple[int, int, int]
    answer: str | None

    @property
    def call_id(self) -> str:
        """An id of the length that real ones have."""
        return f"toolu_{self.number:024d}"


@cache
def library() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names and lines of the longer modules of the standard library."""
    folder = Path(sysconfig.get_path("stdlib"))
    texts = ((p.name, p.read_text("utf-8", "replace")) for p in folder.glob("*.py"))
    long = sorted((name, text) for name, text in texts if len(text) > 20_000)
    return tuple((name, tuple(text.splitlines())) for name, text in long)


class Author:
    """Makes up words, code and tool calls from one seeded source of chance."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)

    def sentences(self, least: int, most: int) -> str:
        """So many sentences of ordinary length."""
        said = []
        for _ in range(self.chance.randint(least, most)):
            words = self.chance.choices(WORDS, k=self.chance.randint(8, 18))
            said.append(" ".join(words).capitalize() + ".")
        return " ".join(said)

    def code(self, least: int, most: int) -> tuple[str, int, list[str]]:
        """A path, a first line number, and lines of about so many characters."""
        name, lines = self.chance.choice(library())
        size, wanted = 0, self.chance.randint(least, most)
        first = at = self.chance.randrange(len(lines) - 20)
        while size < wanted and at < len(lines):
            size += len(lines[at]) + 1
            at += 1
        return f"/repo/src/{name}", first + 1, list(lines[first:at])

    def call(self, tool: str) -> tuple[Record, str]:
        """Arguments and result of a call that went well."""
        return _CALLS.get(tool, Author.search)(self)

    def read(self) -> tuple[Record, str]:
        path, first, lines = self.code(1200, 4000)
        numbered = (f"{n:6d}\t{line}" for n, line in enumerate(lines, start=first))
        arguments = {"file_path": path, "offset": first, "limit": len(lines)}
        return arguments, "\n".join(numbered)

    def shell(self) -> tuple[Record, str]:
        chance = self.chance
        if chance.random() < 0.5:
            path, _, _ = self.code(1, 1)
            test = f"tests/test_{Path(path).name}"
            lines = [
                f"{test}::test_{chance.choice(WORDS)}_{n} PASSED [{n:3d}%]"
                for n in range(chance.randint(18, 70))
            ]
            seconds = chance.random() * 40
            lines.append(f"===== {len(lines)} passed in {seconds:.2f}s =====")
            command = f"cd /repo && python -m pytest -v {test} 2>&1 | tail -n 80"
            return {"command": command, "description": "Run tests"}, "\n".join(lines)
        lines = []
        for _ in range(chance.randint(12, 40)):
            stamp = (START + timedelta(seconds=chance.randrange(86_400))).isoformat()
            level = chance.choice(("INFO", "INFO", "INFO", "WARN", "DEBUG"))
            lines.append(f"{stamp} {level} worker-{chance.randrange(8)} {self.words()}")
        command = f"journalctl -u jobs --since today | grep {chance.choice(WORDS)}"
        return {"command": command, "timeout": 60_000}, "\n".join(lines)

    def words(self) -> str:
        """Half a line of a log."""
        return " ".join(self.chance.choices(WORDS, k=self.chance.randint(4, 9)))

    def edit(self) -> tuple[Record, str]:
        path, first, lines = self.code(900, 1800)
        part = lines[: self.chance.randint(3, 12)]
        new = [*part, "    if value is None:", "        return default"]
        arguments = {
            "file_path": path,
            "old_string": "\n".join(part),
            "new_string": "\n".join(new),
        }
        numbered = (f"{n:6d}\t{line}" for n, line in enumerate(lines, start=first))
        return arguments, f"The file {path} has been updated:\n" + "\n".join(numbered)

    def write(self) -> tuple[Record, str]:
        path, _, lines = self.code(1200, 4000)
        arguments = {"file_path": path, "content": "\n".join(lines)}
        return arguments, f"File created successfully at: {path}"

    def grep(self) -> tuple[Record, str]:
        path, first, lines = self.code(900, 2500)
        pattern = self.chance.choice(("def \\w+", "raise", "TypeError", "import .*"))
        found = (f"{path}:{n}:{line}" for n, line in enumerate(lines, start=first))
        return {"pattern": pattern, "path": "/repo/src", "-n": True}, "\n".join(found)

    def glob(self) -> tuple[Record, str]:
        names = self.chance.choices(WORDS, k=self.chance.randint(30, 90))
        paths = (f"/repo/src/{name}/part_{n}.py" for n, name in enumerate(names))
        return {"pattern": "**/*.py", "path": "/repo"}, "\n".join(paths)

    def fetch(self) -> tuple[Record, str]:
        subject = self.chance.choice(WORDS)
        arguments = {
            "url": f"https://docs.example.org/reference/{subject}",
            "prompt": self.sentences(1, 1),
        }
        return arguments, f"{self.answer()}\n\n{self.answer()}"

    def search(self) -> tuple[Record, str]:
        rows = [
            {
                "key": f"OPS-{self.chance.randrange(9000)}",
                "title": self.sentences(1, 1),
                "score": round(self.chance.random(), 4),
                "open": self.chance.random() < 0.5,
            }
            for _ in range(self.chance.randint(8, 20))
        ]
        arguments = {"query": self.words(), "filter": {"label": ["bug"], "limit": 20}}
        return arguments, json.dumps({"total": len(rows), "results": rows})

    def traceback(self) -> str:
        """What a failed call brings back."""
        path, first, lines = self.code(600, 1500)
        frames = [
            f'  File "{path}", line {first + n}, in {self.chance.choice(WORDS)}\n'
            f"    {line.strip()}"
            for n, line in enumerate(lines)
            if line.strip()
        ]
        head = "Exit code 1\nTraceback (most recent call last):\n"
        return head + "\n".join(frames) + "\nValueError: expected str, got None"

    def answer(self) -> str:
        """A message in Markdown with a list, code and a table."""
        _, _, code = self.code(200, 500)
        return (
            f"## {self.words().capitalize()}\n\n{self.sentences(1, 3)}\n\n"
            f"- **Cause**: {self.sentences(1, 1)}\n- `{self.words()}`\n\n"
            "```python\n" + "\n".join(code) + "\n```\n\n"
            f"| file | change |\n|---|---|\n| `cache.py` | {self.words()} |\n"
        )


_CALLS: dict[str, Callable[[Author], tuple[Record, str]]] = {
    "Read": Author.read,
    "Bash": Author.shell,
    "Edit": Author.edit,
    "Grep": Author.grep,
    "Write": Author.write,
    "Glob": Author.glob,
    "WebFetch": Author.fetch,
}


def actions(size: int) -> Iterator[Action]:
    """The steps of a run of `size` steps."""
    author = Author(f"{SEED}-{size}")
    chance = author.chance
    clock, left, repeats = 0.0, 0, 0
    tool, arguments, result = "Glob", *author.glob()
    for number in range(size):
        prompt = None
        if left == 0:
            left = chance.randint(15, 35)
            prompt = author.sentences(1, 4)
            clock += chance.random() * 90
        left -= 1
        if repeats > 0:
            repeats -= 1
        else:
            (tool,) = chance.choices(list(TOOLS), list(TOOLS.values()))
            arguments, result = author.call(tool)
            repeats = 3 if chance.random() < 0.015 else 0
        failed = chance.random() < 0.04
        called = clock + 0.5 + chance.random() * 6
        ended = called + chance.choice((0.05, 0.3, 1.2, 7)) * (0.5 + chance.random())
        cached = min(170_000, 9_000 + number % 180 * 900)
        last = left == 0 or number == size - 1
        yield Action(
            number=number,
            prompt=prompt,
            thinking=author.sentences(2, 8),
            text=author.sentences(1, 3) if chance.random() < 0.4 else None,
            tool=tool,
            arguments=arguments,
            result=author.traceback() if failed else result,
            failed=failed,
            asked_s=round(clock, 3),
            called_s=round(called, 3),
            ended_s=round(ended, 3),
            tokens=(chance.randint(3, 900), cached, chance.randint(60, 900)),
            answer=author.answer() if last else None,
        )
        clock = ended
