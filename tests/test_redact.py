"""Secrets are taken out of everything that is written, and nothing else is."""

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from samples import read_runs
from whypath.build import choose, compare_all, diff, masks, read_input, report
from whypath.cli import main
from whypath.content import ContentStore, to_json
from whypath.derive.findings.held_secrets import find_secrets
from whypath.errors import TraceError
from whypath.redact import Redactor

AWS = "AKIA" + "QYLPMN5HHHFPZAM2"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
PEM = (
    "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEowIBAAKCAQEAtC1234567890abcdefgh\n"
    "ijklmnopqrstuvwxyzABCDEFGHIJKLMNOP=\n-----END RSA PRIVATE KEY-----"
)
SLACK = "xoxb-" + "23984754863-2348975623000-aBcDzjawSSE9krECohd"
SECRETS = (AWS, GITHUB, JWT, PEM, SLACK)


def cleaned(*values: Any, **options: Any) -> list[str]:
    """The values as contents of one run, after redaction, each still valid JSON."""
    store = ContentStore()
    numbers = [store.add(v if isinstance(v, bytes) else to_json(v)) for v in values]
    Redactor(**options).clean(store, [])
    for number in numbers:
        json.loads(store.raw(number))
    return [store.raw(number).decode() for number in numbers]


@pytest.mark.parametrize(
    ("text", "rule", "secret"),
    [
        (f"export AWS_ACCESS_KEY_ID={AWS}", "aws-key", AWS),
        (f"git clone https://{GITHUB}@host/x", "github-pat", GITHUB),
        (f"export GITHUB_TOKEN={GITHUB}", "github-pat", GITHUB),
        ("export DEPLOY_TOKEN=zz9d8f7s6d5f4g3h2j1kqp", "api-key", "zz9d8f7s6d5f4"),
        (f"cookie jar: {JWT}", "jwt", JWT),
        (PEM, "private-key", "MIIEowIBAAKCAQEAtC1234567890abcdefgh"),
        ("postgres://app:s3cr3t-pw@db:5432/x", "url-password", "s3cr3t-pw"),
        ("password = 'Tr0ub4dor&3'", "password", "Tr0ub4dor&3"),
        ('{"db_password": "Tr0ub4dor&3"}', "password", "Tr0ub4dor&3"),
        ("AccountKey=" + "Ab1+" * 21 + "Zg==;", "azure-account-key", "Ab1+" * 21),
        (f"token: {SLACK}", "slack", SLACK),
        ("Authorization: Bearer q7Xz93LmNopQ28rTuvW1", "bearer", "q7Xz93LmNopQ28rTuv"),
        ("Cookie: a=1; sid=8f3kd93kfj20dk4", "cookie", "8f3kd93kfj20dk4"),
    ],
    ids=lambda value: value[:24],
)
def test_a_secret_becomes_a_placeholder(text: str, rule: str, secret: str) -> None:
    (clean,) = cleaned(text)
    assert secret not in clean
    assert re.search(rf"\[redacted:[a-z-]*{rule}[a-z-]*:1\]", clean), clean


@pytest.mark.parametrize(
    "text",
    [
        "the password is checked by check_password(user, password)",
        "api_key = os.environ['API_KEY']",
        "token: str = field(default=None)",
        '{"input_tokens": 19740, "output_tokens": 1200}',
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "uuid 5e551017-0000-4000-8000-000000010000",
        "password: ********",
        "https://user:password@example.com",
        "https://host:8080/path@2x.png",
        "secret = config.secret_key",
        '{"api_key": "${API_KEY}"}',
        "def token_counter(tokens): return len(tokens)",
        "sk-learn-based-estimators-are-used-here",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert cleaned(text) == [to_json(text).decode()]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda value: value[:12])
def test_a_secret_found_once_is_replaced_in_every_form(secret: str) -> None:
    quoted = json.dumps(secret)[1:-1]
    values: list[Any] = [
        f"the key: {secret}.",
        {"arguments": json.dumps({"inner": json.dumps({"k": secret})})},
        f"/?q={quote(secret, safe='')}",
        {secret: [secret, {"a": {secret: 1.5}}]},
        ('"' + "".join(f"\\u{ord(c):04x}" for c in secret) + '"').encode(),
        {"b64": base64.b64encode(f"__{secret}__".encode()).decode()},
    ]
    clean = cleaned(*values)
    for each in clean:
        assert secret not in each
        assert quoted not in each
        assert quote(secret, safe="") not in each
    assert len({label for each in clean for label in labels(each)}) == 1


def labels(text: str) -> set[str]:
    return set(re.findall(r"\[redacted:[a-z0-9-]+:\d+\]", text))


def test_the_same_secret_has_the_same_number_and_another_one_another() -> None:
    other = GITHUB[:-4] + "zZ9y"
    clean = cleaned(f"a {GITHUB}", f"b {other}", f"c {GITHUB} {other}")
    assert clean[0] == '"a [redacted:github-pat:1]"'
    assert clean[1] == '"b [redacted:github-pat:2]"'
    assert clean[2] == '"c [redacted:github-pat:1] [redacted:github-pat:2]"'


def test_a_weak_password_is_replaced_where_it_is_one_and_only_there() -> None:
    clean = cleaned({"password": "horse"}, "a horse in a field")
    assert clean == ['{"password":"[redacted:password:1]"}', '"a horse in a field"']


def test_base64_is_looked_into_whatever_it_says() -> None:
    for text in (f"? {JWT}", f"Cookie: sid={GITHUB[4:30]}", f"x {SLACK} y"):
        for pack in (base64.b64encode, base64.urlsafe_b64encode):
            (clean,) = cleaned({"data": pack(text.encode()).decode()})
            assert labels(clean), text


def test_a_short_secret_is_found_behind_an_escape_and_not_inside_a_word() -> None:
    address = "/?q=" + quote("redis://u:ab3-xyz@cache:1", safe="")
    clean = cleaned("redis://u:ab3-xyz@cache:1", address, "r\\u003aab3-xyz", "lab3-xyz")
    assert [bool(labels(each)) for each in clean] == [True, True, True, False]


def test_a_short_secret_inside_a_word_does_not_stop_the_writing() -> None:
    redactor = Redactor(known={"told": ["ab3xyz"]})
    assert redactor.text("ab3xyz cab3xyz") == "[redacted:told:1] cab3xyz"
    assert redactor.finds_any(b"see ab3xyz.")
    assert not redactor.finds_any(b"see cab3xyz.")


def test_a_name_that_holds_an_assignment_is_looked_at_by_itself() -> None:
    (clean,) = cleaned({"export DB_PASSWORD=" + "x7Kq3mN9pL2v": "yes"})
    assert clean == '{"export DB_PASSWORD=[redacted:password:1]":"yes"}'


@pytest.mark.parametrize(
    ("written", "want"),
    [
        ('"password": "horse"', '"password": "[redacted:password:1]"'),
        (f'"t": "{AWS}"', '"t": "[redacted:aws-key:1]"'),
        (f'"\\u0041\\/": "{AWS}"', '"\\u0041\\/": "[redacted:aws-key:1]"'),
        ('"password": ["a horse"]', '"password": ["a horse"]'),
    ],
)
def test_what_stands_beside_a_secret_stays_as_it_was_written(
    written: str, want: str
) -> None:
    rest = (
        ' "n": [1.10, 1e400, -0.0, 98765432109876543210123, 1E2],  "n": null, "é": ""'
    )
    (clean,) = cleaned(f"{{{written},{rest}}}".encode())
    assert clean == f"{{{want},{rest}}}"


def test_a_number_that_is_a_secret_is_replaced_by_a_text() -> None:
    (clean,) = cleaned(b"[48151623421.50, 1.50]", known={"told": ["48151623421.50"]})
    assert clean == '["[redacted:told:1]", 1.50]'


def test_personal_data_and_own_patterns_are_an_option() -> None:
    text = "ask ada@mail.test or +44 20 7946 0958 about T-8841"
    assert cleaned(text) == [f'"{text}"']
    (clean,) = cleaned(text, personal=True, patterns={"ticket": r"T-\d+"})
    want = "ask [redacted:email:1] or [redacted:phone:1] about [redacted:ticket:1]"
    assert clean == f'"{want}"'
    with pytest.raises(TraceError, match="no pattern that RE2 knows"):
        Redactor(patterns={"x": "(?=a)"})


def test_known_values_are_secret_wherever_they_stand() -> None:
    known = {"environment": ["correct-horse-9"]}
    assert cleaned("x correct-horse-9", known=known) == ['"x [redacted:environment:1]"']


def hostile(secret: str) -> list[dict[str, Any]]:
    """A native trace with the secret wherever text can stand."""
    s = secret
    call = {
        "id": f"c{s}",
        "name": f"tool {s}",
        "arguments": {s: s, "j": f'{{"{s}":1}}'},
    }
    step = {"type": "step", "id": f"s{s}", "agent": f"agent {s}", "reasoning": f"r {s}"}
    decision: dict[str, Any] = {
        "question": f"q {s}",
        "rationale": f"r {s}",
        "outcome": f"o {s}",
        "options": [{"name": f"one {s}", "reason": f"r {s}"}, {"name": "two"}],
        "chosen": f"one {s}",
        "evidence": [
            {"name": f"n {s}", "value": s, "source": f"s{s}", "path": f"$.{s}"}
        ],
    }
    return [
        {"type": "run", "whypath": 1, "id": f"run {s}", "task": f"t {s}", "agent": s},
        {"type": "step", "kind": "user", "output": f"# {s}\n\n`{s}`\n\n```\n{s}\n```"},
        {
            **step,
            "kind": "model",
            "model": f"m {s}",
            "calls": [call],
            "output": f"o {s}",
        },
        {
            "type": "step",
            "kind": "tool",
            "call": f"c{s}",
            "error": f"e {s}",
            "output": [s],
        },
        {"type": "decision", "id": f"d{s}", "name": f"n {s}", **decision},
    ]


@pytest.mark.parametrize("secret", SECRETS[:3], ids=lambda value: value[:12])
def test_nothing_that_is_written_holds_a_secret(secret: str, tmp_path: Path) -> None:
    trace = tmp_path / f"{secret[:30]}.jsonl"
    trace.write_text("\n".join(map(json.dumps, hostile(secret))), "utf-8")
    redactor = Redactor()
    runs = read_input([str(trace)], redactor=redactor).runs
    run = choose(runs, None, "trace")
    for out in (tmp_path / "a" / "x.html", tmp_path / "b"):
        graph = tmp_path / f"graph{out.suffix or '.svg'}"
        report(run, out, redactor=redactor, graph_out=graph, as_folder=out.name == "b")
        written = [graph, *(p for p in [out, *out.rglob("*")] if p.is_file())]
        for path in written:
            for data in unpacked(path.read_text("utf-8")):
                assert secret not in data, path
    assert run.redactions is not None
    assert 2 in run.redactions[0].steps


def unpacked(page: str) -> list[str]:
    blocks = re.findall(r'octet-stream" class="\w+">([^<]+)<', page)
    return [page, *(gzip.decompress(base64.b64decode(b)).decode() for b in blocks)]


def test_the_page_and_the_terminal_say_what_was_taken_out(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(map(json.dumps, hostile(AWS))), "utf-8")
    done = whypath("report", str(trace), "-o", str(tmp_path / "a.html"))
    assert "Replaced 1 secret: aws-key (steps" in done.stderr
    page = (tmp_path / "a.html").read_text("utf-8")
    assert "1 secret replaced by placeholders" in page
    whypath("report", str(trace), "-o", str(tmp_path / "b.html"), "--no-redact")
    page = (tmp_path / "b.html").read_text("utf-8")
    assert "Secrets were not looked for" in page
    assert AWS in page
    for more in ((), ("2",), ("2", "--context"), ("2", "--why"), ("--json",)):
        assert AWS not in whypath("show", str(trace), *more).stdout
    assert AWS in whypath("show", str(trace), "--no-redact", "--json").stdout


NOT_LOOKED = {
    "report": ("report", "t.jsonl", "-o", "r.html"),
    "show": ("show", "t.jsonl"),
    "show as JSON": ("show", "t.jsonl", "--json"),
    "diff": ("diff", "t.jsonl", "t.jsonl"),
    "check": ("check", "t.jsonl"),
    "site": ("site", "t.jsonl", "-o", "s", "--jobs", "1"),
}


@pytest.mark.parametrize("words", NOT_LOOKED.values(), ids=NOT_LOOKED)
def test_each_command_says_that_secrets_are_not_looked_for(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.jsonl").write_text("\n".join(map(json.dumps, hostile("x"))), "utf-8")
    said = "Secrets are not looked for: --no-redact."
    without = CliRunner().invoke(main, [*words, "--no-redact"])
    assert without.stderr.splitlines().count(said) == 1
    assert said not in CliRunner().invoke(main, words).stderr


def test_a_secret_is_a_finding_that_does_not_repeat_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(map(json.dumps, hostile(AWS))), "utf-8")
    (run,) = read_input([str(trace)], redactor=Redactor()).runs
    (finding,) = find_secrets(run)
    assert (finding.rule, finding.severity, finding.step) == ("secret", "error", 1)
    assert AWS not in finding.statement
    assert "[redacted:aws-key:1]" in finding.statement
    assert not list(find_secrets(read_runs(trace)[0]))


def whypath(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "whypath", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_secret_that_slipped_through_stops_the_writing(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(map(json.dumps, hostile(AWS))), "utf-8")
    (run,) = read_runs(trace)
    redactor = Redactor(known={"told": [AWS]})
    with pytest.raises(TraceError, match="a secret would still have been in it"):
        report(run, tmp_path / "x.html", redactor=redactor)
    assert not (tmp_path / "x.html").exists()


def test_a_diff_takes_out_what_a_report_does(tmp_path: Path) -> None:
    traces = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for number, trace in enumerate(traces):
        rows = hostile(f"word-of-mine-{number}7 {AWS}")
        trace.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    both, pattern = [*map(str, traces)], ("--redact-pattern", r"mine=word-of-mine-\d+")
    for out, more, there in (
        ("x.html", pattern, False),
        ("y/", ("--no-redact",), True),
    ):
        command = [sys.executable, "-m", "whypath", "diff", *both, *more]
        page = tmp_path / out
        name = f"{page}/" if out.endswith("/") else str(page)
        extra = ["-o", name, "--json", str(tmp_path / "j"), "--summary", f"{page}.md"]
        done = subprocess.run([*command, *extra], capture_output=True, text=True)
        assert done.returncode < 2, done.stderr
        (front,) = [page] if page.is_file() else [page / "index.html"]
        note = "not looked for" if there else "secrets replaced by placeholders"
        assert note in front.read_text("utf-8")
        note = "not looked for:" if there else "Replaced 3 secrets: aws-key, mine x2."
        assert done.stderr.count(note) == 1
        pages = (
            [page] if page.is_file() else [p for p in page.rglob("*") if p.is_file()]
        )
        files = [*pages, tmp_path / "j", Path(f"{page}.md")]
        said = [
            done.stdout,
            *(d for f in files for d in unpacked(f.read_text("utf-8"))),
        ]
        for secret in (AWS, "word-of-mine-07", "word-of-mine-17"):
            assert any(secret in each for each in said) is there, (out, secret)


def test_a_secret_that_slipped_through_stops_a_diff(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(map(json.dumps, hostile(AWS))), "utf-8")
    (run,) = read_runs(trace)
    diffs = compare_all([run, run], masks((), ()))
    for as_folder in (False, True):
        out = tmp_path / f"d{as_folder}"
        with pytest.raises(TraceError, match="a secret would still have been in it"):
            diff(diffs, out, as_folder=as_folder, redactor=Redactor(known={"k": [AWS]}))
        assert not out.exists()
