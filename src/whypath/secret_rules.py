"""Finds secrets in text by rules that are data: a package's, ours, and a person's own.

A rule has a gate, a pattern that is cheap to look for in raw JSON. The gates of all
rules are three automata (google-re2, linear in the text whatever the pattern is), so a
content in which nothing may be secret costs three looks. Part of the `redact` room.

Format: the rules of gitleaks, https://github.com/gitleaks/gitleaks#configuration, plus
what is said in `secret_rules.toml`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import re2

from whypath.errors import TraceError
from whypath.secret_values import entropy, is_plausible

MEMORY = 256 << 20
"""What the automaton may grow to; RE2 starts anew beyond it."""

NAMES = {"aws-access-token": "aws-key", "generic-api-key": "api-key"}
"""Shorter names for what is found most often."""

_LEAD = r"[\w.-]{0,50}?"
_INFIX = r"""(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)"""
_TAIL = r"""(?:[\x60'"\s;]|\\[nr]|$)"""
_END = r"""(?:[^\w=+/.-]|\.\W|\.?$)"""
"""What ends a key that says what it is: in a sentence, an address, a call, raw JSON."""
_ASSIGNED = (
    r"""[\w. \t-]{0,20}(?:[\s'"`\\]|\\[nt]){0,6}(?:=|>|:|\|\||,|%3[aAdD])"""
    r"""(?:[\x60'"\s=\\>]|%2[27]){0,8}[^\s"'`,;<>{}()\\]{4}"""
)
"""What follows a name to which something is assigned, in JSON with its escapes."""
_SHORT = 4
_ENDS = ".,:;!?"
_QUOTES = ('"', "'", "`")
_LEFT_OUT = "..."
_NEAR = 400
"""Letters of a line on either side of a place, at most."""
_BEFORE = re.compile(r"[\w.-]{0,50}$")


class Hit(NamedTuple):
    """A secret: the rule's name, the value, and what stands before it in the match."""

    rule: str
    value: str
    before: str


@dataclass(frozen=True)
class Rule:
    """One rule. `gate` is looked for first, in raw JSON, with those of its `gates`."""

    name: str
    regex: str
    gate: str
    group: int = 0
    entropy: float = 0.0
    strict: bool = False
    bare: bool = False
    dense: bool = False
    gates: str = "own"
    allowed: tuple["Allowed", ...] = field(default=(), repr=False)

    @cached_property
    def _compiled(self) -> Any:
        return compiled(self.regex)

    @cached_property
    def _groups(self) -> range:
        return range(1, self._compiled.groups + 1)

    @cached_property
    def _judged(self) -> int:
        """The group of a match that is judged, or none for the whole secret."""
        return int(self._compiled.groupindex.get("chance", 0))

    def find(self, text: str) -> Iterator[Hit]:
        """The secrets of this kind in a text, each once."""
        found: set[Hit] = set()
        for match in self._compiled.finditer(text):
            value, start = self._value(match)
            hit = Hit(self.name, value, text[match.start() : start])
            if hit not in found and self._is_secret(value, match, text):
                found.add(hit)
                yield hit

    def _value(self, match: Any) -> tuple[str, int]:
        """The secret in a match, and where it begins."""
        first = self.group or next((g for g in self._groups if match.group(g)), 0)
        value, start = match.group(first) or "", match.start(first)
        after = match.string[start + len(value) : start + len(value) + 1]
        if value.endswith(_LEFT_OUT) or after in _QUOTES:
            return value, start
        return value.rstrip(_ENDS) or value, start

    def _is_secret(self, value: str, match: Any, text: str) -> bool:
        judged = match.group(self._judged) if self._judged else value
        if not judged or (self.entropy and entropy(judged) < self.entropy):
            return False
        if self.strict and not is_plausible(judged, bare=self.bare, dense=self.dense):
            return False
        start = match.start()
        name = _BEFORE.search(text[max(0, start - 50) : start])
        said = (name[0] if name else "") + match.group()
        return not any(each.allows(value, said, text, start) for each in self.allowed)


@dataclass(frozen=True)
class Allowed:
    """Values that look like secrets and are none. `target`: what is looked at."""

    target: str
    patterns: tuple[str, ...]
    stopwords: tuple[str, ...]
    both: bool = False

    @cached_property
    def _pattern(self) -> Any:
        return compiled("|".join(f"(?:{p})" for p in self.patterns) or r"\z.")

    @cached_property
    def _stopword(self) -> Any:
        return compiled("|".join(map(re.escape, self.stopwords)) or r"\z.")

    def allows(self, value: str, said: str, text: str, at: int) -> bool:
        """True when the value is none to hide."""
        seen = {"match": said, "line": _line(text, at)}.get(self.target, value)
        by_pattern = bool(self.patterns) and self._pattern.search(seen) is not None
        if by_pattern and not self.both:
            return True
        low = value.lower()
        by_word = bool(self.stopwords) and self._stopword.search(low) is not None
        return by_word and (by_pattern or not self.both)


def _line(text: str, at: int) -> str:
    """The line around a place, or what of it is near."""
    first = max(0, at - _NEAR)
    start, end = text.rfind("\n", first, at), text.find("\n", at, at + _NEAR)
    return text[max(first, start + 1) : end if end >= 0 else at + _NEAR]


def compiled(pattern: str) -> Any:
    """A pattern of RE2. Raises `re2.error` for what it does not know."""
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)


@cache
def _package() -> dict[str, Any]:
    """The rules of the package, as they are shipped; its code is not wanted."""
    found = find_spec("secretscreen")
    if found is None or found.origin is None:
        raise TraceError("secretscreen", "is not installed", hint="pip install whypath")
    return _load(Path(found.origin).with_name("gitleaks.toml"))


def _load(source: Any) -> dict[str, Any]:
    return tomllib.loads(source.read_text("utf-8"))


def rules_in(
    config: dict[str, Any], gates: str, allowed: tuple["Allowed", ...]
) -> Iterator[Rule]:
    """The rules of a configuration; those for files of a certain name are left out.

    Its `words` stand in its patterns as `{word}`, and what ends a key as `{end}`. What
    is `allowed`, no rule finds.
    """
    words = {"end": _END, **config.get("words", {})}
    for rule in config["rules"]:
        if "regex" in rule and "path" not in rule:
            yield _rule({**rule, **_spelled(rule, words)}, gates, allowed)


def _spelled(rule: dict[str, Any], words: dict[str, str]) -> dict[str, str]:
    """The patterns of a rule with words in the place of their names."""
    patterns: dict[str, str] = {
        name: rule[name] for name in ("regex", "gate") if name in rule
    }
    for word, pattern in words.items():
        for name, text in patterns.items():
            patterns[name] = text.replace(f"{{{word}}}", pattern)
    return patterns


def _rule(rule: dict[str, Any], gates: str, allowed: tuple[Allowed, ...]) -> Rule:
    regex = rule["regex"].replace(_LEAD, "")
    if _INFIX not in regex:
        regex = regex.replace(_TAIL, _END)
    return Rule(
        NAMES.get(rule["id"], rule["id"]),
        regex,
        rule.get("gate") or _gate(regex, rule.get("keywords", ())),
        rule.get("secretGroup", 0),
        rule.get("entropy", 0.0),
        rule.get("strict", False),
        rule.get("bare", False),
        rule.get("dense", False),
        "run" if rule.get("run") else gates,
        (*map(_allowed, rule.get("allowlists", ())), *allowed),
    )


def _allowed(each: dict[str, Any]) -> Allowed:
    patterns, words = each.get("regexes", ()), each.get("stopwords", ())
    both = each.get("condition") == "AND"
    if both and each.get("paths"):  # a trace's text has no path: never allowed
        patterns, words = (), ()
    low = tuple(word.lower() for word in words)
    return Allowed(each.get("regexTarget", ""), tuple(patterns), low, both)


def _gate(regex: str, keywords: Iterable[str]) -> str:
    """What must be in raw JSON for the rule to have something to find."""
    words = "|".join(map(re.escape, keywords))
    if not words:
        return regex
    if _INFIX in regex or "(?:=|:" in regex:
        return f"(?i)(?:{words}){_ASSIGNED}"
    if min(map(len, keywords)) < _SHORT:
        return regex
    return f"(?i)(?:{words})"


class RuleBook:
    """All rules of one run, and the automata over their gates.

    The states of two patterns in one automaton multiply: those that count letters, the
    package's and ours stay small apart from each other.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        by_gate: dict[str, dict[str, list[Rule]]] = {}
        for rule in rules:
            by_gate.setdefault(rule.gates, {}).setdefault(rule.gate, []).append(rule)
        self._automata = [
            (_set_of(gates), list(gates.values())) for gates in by_gate.values()
        ]

    def wanted(self, data: bytes) -> list[Rule]:
        """The rules that may find something in a raw content."""
        return [
            rule
            for automaton, rules in self._automata
            for gate in automaton.Match(data) or ()
            for rule in rules[gate]
        ]


def _set_of(gates: Iterable[str]) -> Any:
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    automaton = re2.Set.SearchSet(options)
    for gate in gates:
        automaton.Add(gate.encode())
    automaton.Compile()
    return automaton


def usual_rules(personal: bool = False) -> tuple[Rule, ...]:
    """The package's rules, and ours; with those for personal data if it is asked."""
    ours, theirs = _load(files("whypath") / "secret_rules.toml"), _package()
    asked = [rule for rule in ours["rules"] if personal or not rule.get("personal")]
    allowed = _allowed(ours["allowlist"])
    return (
        *rules_in(theirs, "package", (_allowed(theirs["allowlist"]), allowed)),
        *rules_in({**ours, "rules": asked}, "own", (allowed,)),
    )


def own_rule(name: str, regex: str) -> Rule:
    """A person's own pattern, looked for everywhere. Raises `TraceError`."""
    try:
        compiled(regex)
    except re2.error as error:
        why = f"is no pattern that RE2 knows: {error.args[0]}"
        raise TraceError(regex, why, hint="no look-around and no \\1") from None
    return Rule(name, regex, "")
