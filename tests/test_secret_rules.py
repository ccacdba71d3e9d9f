"""Each kind of secret is found, ordinary text is not, and no text takes long."""

import re
import sys
from time import process_time

import pytest

from labelled_secrets import LABELLED, detected, redacted, rows_of, scores
from portable import as_python
from test_redact import cleaned, labels
from whypath.content import to_json
from whypath.secret_rules import Rule, RuleBook, compiled, usual_rules
from whypath.secret_values import is_plausible

RANDOM = "q7Xz93LmNopQ28rTuvW1kD5s"
HEX = "4f1c" + "9be07a35d2886b1f" + "0c7d5e3a94f6"
DIGITS = "482091375618" + "29403756219048"
LINE = "MnTz7+Kq0xPw3Rv/YhGd5LcJb8SfUe2iXo9AaQ4lZy6Nt1mHrBkEjVgWpDsCuI0F"
BEGIN = "-----BEGIN EC PRIVATE " + "KEY-----"
END = BEGIN.replace("BEGIN", "END")

GOOGLE = "AI" + "zaFn" + RANDOM + "q7Xz93LmN"
GRID = "SG" + ".q7Xz93LmNopQ28rTuvW1kD." + RANDOM + RANDOM[:19]
FACE = "h" + "f_CarpetWindowGardenTableLampsChairs"
WHOLE = "q7Xz9_" + RANDOM * 2 + RANDOM[:10]

FOUND = {
    "a setting of letters alone": ("DB_PASSWORD" + "=correcthorse", "correcthorse"),
    "a property": ("mail.password" + "=staple", "staple"),
    "a line of YAML": ("  admin-password" + ": battery", "battery"),
    "digits without quotes": ("pwd" + ": hunter2 # old", "hunter2"),
    "quotes in quotes": ('passwd = "it\'s-4-me"', "it's-4-me"),
    "a password that begins as a tag": ("password" + ' = "<9vK=dance"', "<9vK=dance"),
    "a password that begins as a test": ("password" + ' = "=9vKdance"', "=9vKdance"),
    "a misspelt name": ("PASWORD:=FlyUp77aTree", "FlyUp77aTree"),
    "another language": ("비밀번호: Ap9z!kfe2", "Ap9z!kfe2"),
    "a comparison": ('if password == "Tr0ub4dor":', "Tr0ub4dor"),
    "a sentence": ("the password for the admin is kX9-fresh, said he", "kX9-fresh"),
    "a long token of digits": ("API_KEY" + "=" + DIGITS, DIGITS),
    "a token without digits": ("token" + " = " + "xKqRtVbNmZpLwSdF", "xKqRtVbNmZp"),
    "a licence": ("Activation key: ZAQWS-XCDER-VBGTR-FRTGU", "ZAQWS-XCDER"),
    "a word and a token": (f"the vendor SECRET {RANDOM}", RANDOM),
    "a flag": ("tool --user me --password Kx9w!21q", "Kx9w!21q"),
    "a list of words": ('["tool", "--api-key", "' + RANDOM + '"]', RANDOM),
    "SQL": ("CREATE USER bob IDENTIFIED BY 'Sq1passw0rd';", "Sq1passw0rd"),
    "PostgreSQL": ("ALTER ROLE app WITH LOGIN PASSWORD 'Sq1passw0rd'", "Sq1passw0rd"),
    ".netrc": ("machine a.test login me password ab3xyz9", "ab3xyz9"),
    ".pgpass": ("db.test:5432:app:me:k2Jd93mf", "k2Jd93mf"),
    "a connection string": ("Server=db;Uid=me;Pwd" + "=staple;", "staple"),
    "a constant": ('setopt(c, CURLOPT_PASSWORD, "me:a7!kdfe")', "a7!kdfe"),
    "a default": ('get("SECRET_KEY") or "' + RANDOM + '"', RANDOM),
    "XML": ("<db-password>k2Jd93mf</db-password>", "k2Jd93mf"),
    "an address with an e-mail": ("smtp://a@b.test:FnD83JZs@mail.test", "FnD83JZs"),
    "HTML": ("?token=&quot;" + RANDOM + "&quot;", RANDOM),
    "colours": ("\x1b[93m" + "gh" + "p_" + RANDOM + RANDOM[:12], RANDOM),
    "Azure AD": ("x" + "Ab8Q~" + RANDOM + RANDOM[:10], RANDOM),
    "a header": (f'"authorization": "{RANDOM}"', RANDOM),
    "a signature": (f"/x?X-Amz-Signature={HEX}", HEX),
    "a one-time secret": (
        "otpauth://totp/a?issuer=b&secret=JBSWY3DPEHPK3PXP",
        "JBSWY3DPEHPK3PXP",
    ),
    "a web key": ('{"kty": "oct", "k": "' + RANDOM + '"}', RANDOM),
    "a key behind times": (f"1.2 {BEGIN}\n1.3 {LINE}\n1.4 x9Qz+7\n1.5 {END}", "x9Qz+7"),
    "a key that is cut off": (f"{BEGIN}\n{LINE}\n{LINE[:40]}", LINE[:40]),
    "a line of a key": (f"tail key.pem\n{LINE}\n", LINE),
    "a key at the end of a sentence": (f"it is {GOOGLE}. Rotate it", GOOGLE),
    "a key in an address": (f"curl https://a.test/v1?key={GOOGLE}&n=1", GOOGLE),
    "a key in brackets": (f"client({GOOGLE}, 5)", GOOGLE),
    "a key in JSON in a text": ('{"to": "' + GRID + '"}', GRID),
    "a key of letters that may be words": (f"login --token {FACE}", FACE),
    "keys of services for agents": (f"e2b_{HEX}0, pcsk_{WHOLE}", WHOLE),
    "a session of AWS": ("IQoJb3JpZ2lu" + LINE * 2, LINE[9:40]),
    "a user that is a token": (f"git clone https://{RANDOM}@git.test/a.git", RANDOM),
    "a user of curl": ("curl -s -u me:k2J!d93mf https://a.test", "k2J!d93mf"),
    "a name and a value": ('[{"name": "API_KEY", "value": "q7Xz93Lm"}]', "q7Xz93Lm"),
    "a name and a value in YAML": ("- name: DB_PASSWORD\n  value: q7Xz93Lm", "q7Xz9"),
    "a sign at the end, in quotes": ('"client_secret": "Sommer2024!"', "2024!"),
    "a hash": ("root:$1$Kd93mf2J$" + "q7Xz93LmNopQ28rTuvW1k.", "q7Xz93LmNopQ"),
}


@pytest.mark.parametrize("kind", FOUND)
def test_this_is_found(kind: str) -> None:
    text, secret = FOUND[kind]
    (clean,) = cleaned(text)
    assert to_json(secret).decode()[1:-1] not in clean
    assert labels(clean)


@pytest.mark.parametrize(
    "text",
    [
        "token = get_token()",
        "password: str",
        "password: SecretStr = Field(...)",
        "self.password = password",
        "password=passphrase, token=token,",
        'parser.add_argument("--password", help="the password to use")',
        "if password == '':",
        'input("Password: ")',
        "max_tokens: 4096",
        '{"nextPageToken": "CAUQAA93kfDk20aB", "pageSize": 10}',
        '{"record_key": "fe5e1c67-53e7-4862-81ae-d0e013e3270b"}',
        '{"cache_key": "4d5b21867b638a1846a38dc4af8e29a4"}',
        '<assembly publicKeyToken="1fc8b3b9a1e18e3b"/>',
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        '"integrity": "sha512-' + LINE + RANDOM[:22] + '=="',
        '{"id": "toolu_01A09q90qw90lq917835lq9", "call": "call_9dZ8f3kdq2LmWq71"}',
        "/home/me/projects/secret-service/src/token_store/private_key.py",
        "export ANTHROPIC_API_KEY=sk-ant-...",
        "networks are identified by four numbers, keyed by 'name'",
        "-----BEGIN CERTIFICATE-----\n" + LINE + "\n-----END CERTIFICATE-----",
        "'-----BEGIN RSA PRIVATE " + "KEY-----' and '-----END RSA PRIVATE KEY-----'",
        "property_key=s3_uri_value",
        '"AWSBackupGatewayServiceRolePolicyForVirtualMachineMetadataSync": 1',
        "ssh-keygen -t ed25519 -f key; mysql -p -u root app",
        "arn:aws:networkmanager::1:global-network/global-network-052bedddccb193b6b",
        "https://a.test/box.ico-7a388b69018576d24b59331fd60aab0c.png",
        f"https://{HEX[:32]}@o1.ingest.sentry.io/2",
        '{"name": "page_token", "value": "CAUQAA93kfDk20aB"}',
        '{"key": "gen_ai.usage.output_tokens", "value": "1234567"}',
        '{"name": "api_key", "value": "<your key>"}',
        "curl -u $USER:$PASSWORD https://a.test; sudo -u app:app ls",
        "as-expected-when-the-two-go, pa-rt-of-a-name-that-is-long-enough-for-it-all",
        "The token bucket algorithm is described in chapter 12.",
    ],
)
def test_this_stays(text: str) -> None:
    assert cleaned(text) == [to_json(text).decode()]


def samples() -> list[str]:
    """Texts in which rules find something."""
    rows = rows_of(LABELLED) if LABELLED.is_file() else []
    return [*(text for text, _ in FOUND.values()), *(row["text"] for row in rows)]


def test_the_rules_mean_to_another_engine_what_they_mean_to_re2() -> None:
    text = "\n".join(samples())
    lines = "\0".join(samples())
    found = 0
    for rule in usual_rules(personal=True):
        other = re.compile(as_python(rule.regex), re.ASCII)
        for read in (text, lines):
            spans = [match.regs for match in other.finditer(read)]
            assert spans == _spans(rule, read), rule.regex
            found += len(spans)
    assert found > len(FOUND)


def test_no_gate_hides_what_its_rule_finds() -> None:
    """A gate is looked for in raw JSON, its rule in what that says."""
    for rule in usual_rules(personal=True):
        if rule.gates == "package" or "kty" in rule.gate:  # kty is asked for on purpose
            continue
        book = RuleBook([rule])
        for text in samples():
            line = f"\n{text}\n"
            if any(rule.find(line)):
                assert book.wanted(to_json(line)), (rule.gate, line)


def _spans(rule: Rule, text: str) -> list[tuple[tuple[int, int], ...]]:
    pattern = compiled(rule.regex)
    groups = range(pattern.groups + 1)
    return [tuple(map(m.span, groups)) for m in pattern.finditer(text)]


@pytest.mark.parametrize(
    "part",
    [
        *(
            "password=",
            "password='",
            "token: ",
            " password is ",
            "--password ",
            "mysql -p",
        ),
        *(
            "secret=Ab1Cd2Ef3Gh4Ij5\n",
            "password=hunter2\n",
            "<password>",
            "cookie: a=b; ",
        ),
        *(
            BEGIN,
            f"{BEGIN}{LINE}\n",
            f"{LINE}\n",
            '"kty"',
            "ghp_",
            "sk-",
            "eyJ",
            "A",
            "Aa1",
        ),
        *(
            "://a:",
            "://a:b@",
            "?sv=",
            "&sig=",
            "http://",
            "x;password=",
            "machine a login b ",
        ),
        *(
            "identified by ",
            "create user x ",
            "curl -u a:b ",
            "a ",
            "1",
            ".",
            "=",
            "-",
            "[",
        ),
        *(
            "%41",
            "&quot;",
            "\x1b[1m",
            "\\u0041",
            '\\"',
            '{"a":',
            "é",
            "密码=",
            "\n",
            "\0",
        ),
    ],
)
def test_a_text_that_repeats_itself_takes_no_long_time(part: str) -> None:
    start = process_time()
    cleaned(part * (50_000 // len(part)))
    assert process_time() - start < 3


def test_a_long_odd_value_is_judged_at_once() -> None:
    start = process_time()
    for text in ("a" * 20_000, "a." * 10_000, "A_" * 10_000, "/" * 20_000, "=" * 9_999):
        for more in ({}, {"bare": True}, {"dense": True}):
            is_plausible(text, **more)
        cleaned(f"password={text}", f'token: "{text}')
    assert process_time() - start < 10


def test_labelled_lines_are_judged_better_than_by_detect_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not LABELLED.is_file():
        pytest.skip(f"NOT MEASURED: no labelled secrets at {LABELLED}")
    pytest.importorskip("detect_secrets", reason="nothing to measure against")
    rows = rows_of(LABELLED)
    ours, theirs = scores(rows, redacted(rows)), scores(rows, detected(rows))
    with capsys.disabled():
        sys.stdout.write(f"\nrecall, precision: {ours}, of detect-secrets {theirs}\n")
    assert ours[0] > 0.85 > theirs[0]
    assert ours[1] > 0.95 > theirs[1]
