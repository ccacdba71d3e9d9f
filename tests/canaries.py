"""Made-up secrets, and traces that hold another one in every field. For tests only.

They are put together here, so that nothing in the repository looks like a secret. Each
field of each trace has one of its own: one that is found in an easy place does not help
to find another.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TOLD = "Correct7Horse8Battery9"
"""The value of an environment variable."""


class Canary(NamedTuple):
    """A text that holds a secret, as it would stand in a trace, and the secret."""

    text: str
    secret: str


def made_up(seed: str, size: int, letters: str = LETTERS) -> str:
    """Letters that nobody could guess, the same for the same seed, with some digits."""
    out = ""
    while len(out) < size:
        digest = hashlib.sha256(f"{seed} {len(out)}".encode()).digest()
        for byte in digest:
            some = "23456789" if letters is LETTERS and len(out) % 5 == 3 else letters
            out += some[byte % len(some)]
    return out[:size]


def plain(before: str, size: int, letters: str = LETTERS) -> Callable[[str], Canary]:
    """A secret that begins as `before`."""

    def make(seed: str) -> Canary:
        secret = before + made_up(seed, size, letters)
        return Canary(f"use {secret} here", secret)

    return make


def within(
    before: str, after: str, size: int, letters: str = LETTERS
) -> Callable[[str], Canary]:
    """A secret that only what stands around it tells of."""

    def make(seed: str) -> Canary:
        secret = made_up(seed, size, letters)
        return Canary(f"{before}{secret}{after}", secret)

    return make


def _jwt(seed: str) -> Canary:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    said = json.dumps({"sub": made_up(seed, 12)}).encode()
    body = base64.urlsafe_b64encode(said).decode().rstrip("=")
    secret = f"{head}.{body}.{made_up(seed, 43)}"
    return Canary(f"session {secret} ends", secret)


def _pem(seed: str) -> Canary:
    body = made_up(seed, 64) + "\n" + made_up(f"{seed}+", 64)
    begin, end = ("-----" + word + " RSA PRIVATE" + " KEY-----" for word in SIDES)
    return Canary(f"{begin}\n{body}\n{end}", body.split("\n")[1])


SIDES = ("BEGIN", "END")
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
HEX = "0123456789abcdef"
ODD = LETTERS + "&<+%"
ALPHABET = "".join(c for c in LETTERS if c.isalpha())

KINDS: dict[str, Callable[[str], Canary]] = {
    "aws": plain("AK" + "IA", 16, UPPER),
    "aws secret": within("aws_secret_access" + "_key = ", "", 40),
    "github": plain("gh" + "p_", 36),
    "github fine": plain("github" + "_pat_", 82),
    "gitlab": plain("gl" + "pat-", 20),
    "anthropic": plain("sk-" + "ant-api03-", 93),
    "openai": plain("sk-" + "proj-", 64),
    "slack": plain("xo" + "xb-23984754863-2348975623000-", 24),
    "slack hook": within("https://hooks.slack" + ".com/services/T0/B0/", "", 24),
    "google": plain("AI" + "za", 35),
    "stripe": plain("sk_" + "live_", 24),
    "huggingface": plain("h" + "f_", 34, ALPHABET),
    "npm": plain("np" + "m_", 36),
    "sendgrid": lambda seed: plain("SG" + "." + made_up(seed, 22) + ".", 43)(seed),
    "telegram": plain("110201543" + ":AA", 33),
    "jwt": _jwt,
    "private key": _pem,
    "url password": within("postgres://app:", "@db.internal:5432/x", 14),
    "odd password": within('"db_password' + '": "Q7', '"', 15, ODD),
    "environment line": within("export DB_PASSWORD" + "=", "", 16),
    "assignment": within("client_secret" + ' = "', '"', 32),
    "connection string": within(
        "Server=db;User Id=app;Password" + "=", ";Encrypt=yes", 18
    ),
    "azure": within("AccountName=x;AccountKey" + "=", "==;Endpoint=y", 86),
    "bearer": within("Authorization: Bear" + "er ", "", 40),
    "basic": within("authorization: Bas" + "ic ", "", 28),
    "cookie": within("Cookie: theme=dark; sid" + "=", "", 26),
    "api key": within("x-api" + "-key: ", "", 32, HEX),
    "of the environment": lambda _: Canary(f"it is {TOLD} now", TOLD),
}


class Planted:
    """Hands out texts with secrets of one kind, another for each place, and keeps them.

    `at(place)` is the text to put there.
    """

    def __init__(self, format: str) -> None:
        self.format = format
        self.secrets: dict[str, str] = {}

    def at(self, kind: str, place: str) -> str:
        canary = KINDS[kind](f"{self.format} {kind} {place}")
        self.secrets[f"{kind}: {place}"] = canary.secret
        return canary.text

    def written(self, kind: str) -> dict[str, Any]:
        """Texts inside a text as others write them."""

        def at(place: str) -> str:
            return self.at(kind, place)

        return {
            "plain": at("a value"),
            at("a name"): 1,
            "deep": [[{"x": {at("a deep name"): [at("a deep value")]}}]],
            "json": json.dumps({"a": json.dumps({at("name in JSON"): at("JSON")})}),
            "base64": base64.b64encode(f"{at('base64')} ok".encode()).decode(),
            "urlsafe": base64.urlsafe_b64encode(
                f"? {at('base64 2')}".encode()
            ).decode(),
            "address": f"https://x.test/?q={quote(at('address'), safe='')}",
            "escaped": "".join(f"\\u{ord(c):04x}" for c in at("escaped")),
            "code": f"```py\nx = 1  # {at('code')}\n```",
        }


def native(planted: Planted) -> Iterator[dict[str, Any]]:
    """A native trace: a few steps and a decision for each kind of secret."""
    heads = {
        name: " / ".join(planted.at(kind, name) for kind in KINDS)
        for name in ("run id", "task", "agent", "label", "answer", "run error")
    }
    yield {
        "type": "run",
        "whypath": 1,
        "id": heads["run id"],
        "task": heads["task"],
        "agent": heads["agent"],
        "labels": {"branch": heads["label"]},
    }
    for number, kind in enumerate(KINDS):

        def at(place: str, kind: str = kind) -> str:
            return planted.at(kind, place)

        tool = at("tool name")
        call = {"id": at("call id"), "name": tool, "arguments": planted.written(kind)}
        yield {"type": "step", "kind": "user", "output": at("user's words")}
        yield {
            "type": "step",
            "kind": "model",
            "id": f"m{number} {at('step id')}",
            "agent": at("step's agent"),
            "model": at("model"),
            "calls": [call],
            "reasoning": at("reasoning"),
            "output": at("output"),
            "name": at("step name"),
            "thread": at("thread"),
            "tools": [{"name": tool, "description": at("tool's description")}],
            "details": {"header": at("details")},
        }
        yield {
            "type": "step",
            "kind": "tool",
            "call": call["id"],
            "status": "error",
            "error": at("error"),
            "output": [at("tool output")],
        }
        yield {"type": "state", "set": {at("state name"): at("state value")}}
        chosen = at("option")
        yield {
            "type": "decision",
            "id": f"d{number}",
            "name": at("decision name"),
            "question": at("question"),
            "rationale": at("rationale"),
            "outcome": at("outcome"),
            "chosen": chosen,
            "options": [
                {"name": chosen, "reason": at("reason")},
                {"name": "not", "arguments": {"x": at("option arguments")}},
            ],
            "evidence": [{"name": at("evidence"), "value": at("evidence value")}],
        }
    yield {
        "type": "end",
        "status": "error",
        "error": heads["run error"],
        "outcome": {"answer": heads["answer"], "note": heads["answer"]},
    }


def chat(planted: Planted) -> Iterator[dict[str, Any]]:
    """Chat messages, a few for each kind of secret."""
    messages: list[dict[str, Any]] = []
    for number, kind in enumerate(KINDS):

        def at(place: str, kind: str = kind) -> str:
            return planted.at(kind, place)

        arguments = json.dumps(planted.written(kind))
        call = {"id": f"c{number}", "type": "function"}
        call["function"] = {"name": at("tool name"), "arguments": arguments}  # type: ignore[assignment]
        messages += [
            {"role": "user", "content": at("user"), "name": at("name")},
            {
                "role": "assistant",
                "content": at("answer"),
                "tool_calls": [call],
                "reasoning_content": at("reasoning"),
            },
            {"role": "tool", "tool_call_id": call["id"], "content": at("result")},
            {"role": "assistant", "content": [{"type": "text", "text": at("part")}]},
        ]
    yield {"messages": messages, "model": planted.at("github", "model")}


def claude_code(planted: Planted) -> Iterator[dict[str, Any]]:
    """A session of Claude Code."""
    parent = None
    for number, kind in enumerate(KINDS):

        def at(place: str, kind: str = kind) -> str:
            return planted.at(kind, place)

        call = {"type": "tool_use", "id": f"t{number}", "name": at("tool name")}
        call["input"] = planted.written(kind)  # type: ignore[assignment]
        said = [{"type": "thinking", "thinking": at("thinking"), "signature": ""}]
        said += [{"type": "text", "text": at("text")}, call]
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "is_error": True}
        result["content"] = at("result")
        rows: list[tuple[str, Any]] = [
            ("user", {"role": "user", "content": at("prompt")}),
            (
                "assistant",
                {
                    "id": f"msg{number}",
                    "role": "assistant",
                    "content": said,
                    "model": at("model"),
                },
            ),
            ("user", {"role": "user", "content": [result]}),
        ]
        for place, (role, message) in enumerate(rows):
            uuid = f"u{number}-{place}"
            yield {
                "type": role,
                "uuid": uuid,
                "parentUuid": parent,
                "sessionId": "s",
                "version": "2.0.0",
                "message": message,
                "timestamp": f"2026-01-01T00:{number:02}:{place:02}.000Z",
                "cwd": f"/home/{at(f'folder {place}')}",
                "gitBranch": at("branch"),
                **({"toolUseResult": {"stderr": at("stderr")}} if place == 2 else {}),
            }
            parent = uuid


def otlp(planted: Planted) -> Iterator[dict[str, Any]]:
    """Spans of OpenTelemetry."""
    spans: list[dict[str, Any]] = []
    for number, kind in enumerate(KINDS):

        def at(place: str, kind: str = kind) -> str:
            return planted.at(kind, place)

        def text(name: str, value: str) -> dict[str, Any]:
            return {"key": name, "value": {"stringValue": value}}

        said = [{"role": "user", "parts": [{"type": "text", "content": at("input")}]}]
        base: dict[str, Any] = {
            "traceId": "0" * 31 + "1",
            "kind": 1,
            "startTimeUnixNano": str(1795000000000000000 + number * 10**9),
            "endTimeUnixNano": str(1795000000000000001 + number * 10**9),
        }
        spans += [
            {
                **base,
                "spanId": f"{2 * number + 1:016x}",
                "name": f"chat {at('span')}",
                "attributes": [
                    text("gen_ai.operation.name", "chat"),
                    text("gen_ai.request.model", at("model")),
                    text("gen_ai.input.messages", json.dumps(said)),
                    text(at("attribute"), at("attribute value")),
                    text("gen_ai.agent.name", at("agent")),
                ],
                "status": {"code": 2, "message": at("status")},
                "events": [
                    {
                        "name": "exception",
                        "timeUnixNano": "1795000000000000001",
                        "attributes": [
                            text("exception.message", at("exception")),
                            text("exception.stacktrace", at("stack")),
                        ],
                    }
                ],
            },
            {
                **base,
                "spanId": f"{2 * number + 2:016x}",
                "name": at("tool span"),
                "attributes": [
                    text("gen_ai.operation.name", "execute_tool"),
                    text("gen_ai.tool.name", at("tool name")),
                    text("gen_ai.tool.call.id", at("call id")),
                    text(
                        "gen_ai.tool.call.arguments", json.dumps(planted.written(kind))
                    ),
                    text("gen_ai.tool.call.result", at("result")),
                ],
            },
        ]
    service = {"key": "service.name"}
    service["value"] = {"stringValue": planted.at("github", "service")}  # type: ignore[assignment]
    scopes = [{"scope": {"name": planted.at("jwt", "scope")}, "spans": spans}]
    yield {
        "resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": scopes}]
    }


FORMATS = {
    "native": native,
    "chat": chat,
    "claude_code": claude_code,
    "otlp": otlp,
}
