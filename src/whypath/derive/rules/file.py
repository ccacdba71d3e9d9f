"""Reads rules from a TOML file; what is wrong in it is said with its line."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, NoReturn

from whypath.derive.findings.detectors import DETECTORS
from whypath.derive.findings.finding import SEVERITIES, Severity
from whypath.derive.rules.expressions import (
    BadExpression,
    Expression,
    compile_expression,
)
from whypath.derive.rules.rule import FORMS, Allowance, Budget, Form, Rule, Rules
from whypath.errors import TraceError

BUDGETS = ("steps", "tokens", "cost_usd", "duration_s", "errors")
_RULE_KEYS = ("id", "severity", "message", "select", "given", *FORMS)
_ALLOW_KEYS = ("rule", "reason", "when")
_INNER: Mapping[Form, tuple[str, ...]] = {
    "precedence": ("first", "then"),
    "response": ("after", "expect", "within"),
    "count": ("of", "at_least", "at_most"),
}
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}\Z", re.IGNORECASE)


def read_rules(text: str, source: str) -> Rules:
    """The rules in a TOML text. Raises `TraceError`: file, line, what is wrong."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = int(found[1]) if found else None
        why = f"is no TOML: {str(error).split(' (at')[0]}"
        raise TraceError(source, why, line=line, hint="see the README") from None
    return _File(text, source).read(data)


class _File:
    """A file of rules: its lines, to say where something is wrong."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = text.splitlines()
        self._source = source

    def read(self, data: Mapping[str, Any]) -> Rules:
        """All rules, allowances and budgets of the file."""
        for name in data:
            if name not in ("rule", "allow", "budget"):
                self._wrong(f"there is no [{name}]", "rule", 0, name)
        rules = [self._rule(i, d) for i, d in enumerate(self._tables(data, "rule"))]
        known = {detector.id for detector in DETECTORS} | {"budget"}
        for number, rule in enumerate(rules):
            if rule.id in known:
                self._wrong(
                    f"a second rule with the id {rule.id}", "rule", number, "id"
                )
            known.add(rule.id)
        allowed = self._tables(data, "allow")
        allowances = [self._allowance(i, d) for i, d in enumerate(allowed)]
        budget = data.get("budget", {})
        if not isinstance(budget, dict):
            self._wrong("budget is a table: [budget]", "budget", 0)
        return Rules(tuple(rules), tuple(allowances), tuple(self._budgets(budget)))

    def _tables(self, data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        tables = data.get(name, [])
        if isinstance(tables, list) and all(isinstance(t, dict) for t in tables):
            return tables
        self._wrong(f"write [[{name}]] for each {name}", name, 0)

    def _rule(self, number: int, data: Mapping[str, Any]) -> Rule:
        self._only(data, _RULE_KEYS, "rule", number)
        id_ = data.get("id")
        if not isinstance(id_, str) or not _ID.match(id_):
            self._wrong("a rule needs an id of letters, digits, . _ -", "rule", number)
        forms = [form for form in FORMS if form in data]
        if len(forms) != 1:
            which = f"it has {' and '.join(forms)}" if forms else "it has none"
            why = f"rule {id_} needs one of {', '.join(FORMS)}; {which}"
            self._wrong(why, "rule", number)
        form = forms[0]
        inner = data[form]
        common: dict[str, Any] = {
            "id": id_,
            "severity": self._severity(data, number, "rule"),
            "form": form,
            "message": self._text(data, "message", number),
            "select": self._optional(data, "select", number),
            "given": self._optional(data, "given", number),
        }
        if form not in _INNER:
            return Rule(main=self._expression(inner, form, number), **common)
        if common["select"] is not None:
            self._wrong(f"{form} takes no select", "rule", number, "select")
        if not isinstance(inner, dict):
            keys = ", ".join(_INNER[form])
            self._wrong(f"{form} is a table with {keys}", "rule", number, form)
        for key in inner:
            if key not in _INNER[form]:
                self._wrong(f"{form} has no {key}", "rule", number, form)
        return self._with_inner(form, inner, number, common)

    def _with_inner(
        self, form: Form, inner: Mapping[str, Any], number: int, common: dict[str, Any]
    ) -> Rule:
        if form == "count":
            least, most = inner.get("at_least", 0), inner.get("at_most")
            if not _is_count(least) or (most is not None and not _is_count(most)):
                self._wrong(
                    "at_least and at_most are whole numbers", "rule", number, form
                )
            if "at_least" not in inner and most is None:
                self._wrong("count needs at_least or at_most", "rule", number, form)
            of = self._expression(inner.get("of"), "of", number)
            return Rule(main=of, at_least=least, at_most=most, **common)
        first, second = _INNER[form][:2]
        main = self._expression(inner.get(first), first, number)
        other = self._expression(inner.get(second), second, number)
        within = inner.get("within")
        if within is not None and not (_is_count(within) and within):
            self._wrong("within is a number of steps", "rule", number, form)
        return Rule(main=main, other=other, within=within, **common)

    def _allowance(self, number: int, data: Mapping[str, Any]) -> Allowance:
        self._only(data, _ALLOW_KEYS, "allow", number)
        rule, reason = data.get("rule"), data.get("reason")
        if not isinstance(rule, str) or not rule:
            self._wrong("an allowance names a rule, or *", "allow", number, "rule")
        if not isinstance(reason, str) or not reason.strip():
            self._wrong("an allowance needs a reason", "allow", number, "reason")
        when = data.get("when")
        if when is None:
            return Allowance(rule, reason)
        return Allowance(rule, reason, self._expression(when, "when", number, "allow"))

    def _budgets(self, data: Mapping[str, Any]) -> list[Budget]:
        self._only(data, (*BUDGETS, "severity"), "budget", 0)
        severity = self._severity(data, 0, "budget")
        budgets = []
        for name in BUDGETS:
            most = data.get(name)
            if most is None:
                continue
            if isinstance(most, bool) or not isinstance(most, int | float) or most < 0:
                self._wrong(f"{name} is a number", "budget", 0, name)
            budgets.append(Budget(name, most, severity))
        return budgets

    def _severity(self, data: Mapping[str, Any], number: int, table: str) -> Severity:
        severity = data.get("severity", "error")
        if severity not in SEVERITIES:
            why = f"severity is one of {', '.join(SEVERITIES)}"
            self._wrong(why, table, number, "severity")
        chosen: Severity = severity
        return chosen

    def _text(self, data: Mapping[str, Any], name: str, number: int) -> str:
        value = data.get(name, "")
        if not isinstance(value, str):
            self._wrong(f"{name} is a text", "rule", number, name)
        return value

    def _optional(
        self, data: Mapping[str, Any], name: str, number: int
    ) -> Expression | None:
        return self._expression(data[name], name, number) if name in data else None

    def _expression(
        self, value: Any, name: str, number: int, table: str = "rule"
    ) -> Expression:
        if not isinstance(value, str) or not value.strip():
            self._wrong(f"{name} is an expression, in quotes", table, number, name)
        try:
            return compile_expression(value)
        except BadExpression as error:
            self._wrong(f"{name} {error}", table, number, name)

    def _only(
        self, data: Mapping[str, Any], keys: tuple[str, ...], table: str, number: int
    ) -> None:
        for name in data:
            if name not in keys:
                why = f"there is no {name} in a {table}; there are {', '.join(keys)}"
                self._wrong(why, table, number, name)

    def _wrong(self, why: str, table: str, number: int, key: str = "") -> NoReturn:
        """Raises: what is wrong, at the line of the key in the table."""
        hint = "the README shows a file of rules"
        raise TraceError(
            self._source, why, line=self._line(table, number, key), hint=hint
        )

    def _line(self, table: str, number: int, key: str) -> int | None:
        """The line of a key in the `number`th table of that name, from 0."""
        header = re.compile(rf"\s*\[\[?\s*{table}\s*\]")
        starts = [at for at, line in enumerate(self._lines) if header.match(line)]
        if number >= len(starts):
            named = re.compile(rf"\s*\[*\s*{re.escape(key)}\b")
            return next(
                (i + 1 for i, t in enumerate(self._lines) if named.match(t)), None
            )
        start = starts[number]
        named = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=") if key else header
        for at in range(start, len(self._lines)):
            line = self._lines[at]
            if at > start and re.match(r"\s*\[\[?\s*\w", line):
                break
            if named.match(line) or (
                key and re.search(rf"\b{re.escape(key)}\s*=", line)
            ):
                return at + 1
        return start + 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
