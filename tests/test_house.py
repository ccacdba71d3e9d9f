"""The plan of the house, read from the sources: who imports whom, one door per danger.

Every rule names the place and says what to do. A rule that proves wrong is changed
here, in the same change as the code that shows it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from samples import ROOT

PACKAGE = ROOT / "src" / "whypath"
TEMPLATES = ROOT / "templates"
MAX_LINES = 360

SAME_ROOM = {
    "assemble": "builder",
    "clock": "builder",
    "build_check": "build",
    "build_files": "build",
    "build_secrets": "build",
    "build_diff": "build",
    "site_plan": "build_site",
    "rows": "build_site",
    "gather": "builder",
    "pair": "builder",
    "conceal": "builder",
    "secret_known": "redact",
    "secret_rules": "redact",
    "secret_texts": "redact",
    "secret_values": "redact",
    "archives": "records",
    "limits": "records",
    "inputs": "records",
    "lines": "records",
    "mend": "records",
    "options": "cli",
    "disk": "write",
    "console": "cli",
    "cli_check": "cli",
    "cli_diff": "cli",
    "cli_site": "cli",
    "cluster": "fleet",
    "processes": "fleet",
    "remote": "fleet",
    "stores": "fleet",
    "pytest_plugin": "cli",  # another front door: options in, messages out
    "pytest_reports": "cli",
}
"""Modules that are part of another one's room, and that only this room imports."""

MAY_IMPORT = {
    "errors": (),
    "unseen": (),
    "shelf": (),
    "content": ("errors", "shelf"),
    "model": ("errors", "content"),
    "redact": ("errors", "content"),
    "records": ("errors",),
    "builder": ("errors", "content", "model", "redact"),
    "readers": ("errors", "shelf", "content", "model", "records", "builder"),
    "derive": ("errors", "content", "model"),
    "render": ("errors", "unseen", "content", "model", "derive"),
    "write": ("errors",),
    "stage": ("errors", "write"),
    "record": (),
    "build": (
        *("errors", "content", "model", "redact", "records"),
        *("builder", "readers", "derive", "render", "write"),
    ),
    "build_site": (
        *("errors", "model", "records", "redact", "build"),
        *("derive", "render", "stage", "readers", "full_text"),
    ),
    "full_text": ("errors",),
    "build_pairs": (
        *("errors", "model", "records", "redact", "build", "build_site"),
        *("derive", "render", "stage"),
    ),
    "fleet": ("errors", "build", "build_site", "build_pairs"),
    "terminal": ("errors", "unseen", "content", "model", "derive", "render"),
    "catalogue": ("errors", "model", "terminal"),
    "comparison": ("errors", "content", "model", "derive", "render", "terminal"),
    "cli": (
        *("errors", "build", "fleet", "terminal", "catalogue", "comparison"),
        *("model", "records", "record", "write"),  # of these only for pytest
        "full_text",
    ),
    "__main__": ("cli",),
}
"""Room -> the rooms it may import. Nothing goes back up the stairs."""

DERIVED = {
    "values": (),
    "columns": (),
    "evidence": (),
    "notebook": (),
    "decisions": ("columns",),
    "windows": ("columns",),
    "summary": ("evidence",),
    "origins": ("columns", "values"),
    "causes": ("evidence", "origins"),
    "findings": ("columns", "evidence", "decisions", "summary", "origins"),
    "graphs": ("findings",),
    "story": (
        *("columns", "evidence", "decisions", "windows", "summary"),
        *("origins", "causes", "findings"),
    ),
    "requests": ("windows", "story"),
    "diffs": (
        *("values", "decisions", "windows", "summary"),
        *("origins", "graphs", "story"),
    ),
    "drift": ("evidence", "decisions", "windows", "findings", "story"),
    "rules": ("findings", "story"),
    "sites": ("decisions", "story"),
    "inspection": ("findings", "story", "drift", "rules"),
}
"""Package or module of `derive` -> those it may import, which all stand above it."""

PARSERS = ("content", "records", "archives", "lines", "mend")
RESULTS = ("derive.findings.results", "derive.findings.envelopes")
"""Look at the top of every result and parse none, as that would take too long."""

THIRD_PARTY = {
    "msgspec": (
        *(*PARSERS, "model", "builder", "conceal", "redact", *RESULTS),
        *("derive.sites.row", "derive.sites.ledger"),
    ),
    "orjson": PARSERS,
    "isal": ("lines", "shelf", "render.payload", "write"),
    "backports": ("lines", "archives"),
    "re2": ("secret_known", "secret_rules", "derive.diffs.masks"),
    "jinja2": ("render",),
    "markupsafe": ("render",),
    "pygments": ("render",),
    "markdown_it": ("render",),
    "graphviz": ("render",),
    "graphviz_pure": ("render",),
    "click": ("cli", "cli_check", "cli_diff", "cli_site", "console", "options"),
    "rich": ("console", "cli_site"),
    "distributed": ("cluster",),
    "duckdb": ("rows",),
    "fsspec": ("stores",),
    "pagefind_bin": ("full_text",),
    "pytest": ("pytest_plugin",),
    "pytest_html": ("pytest_plugin",),
    "opentelemetry": ("record",),
    "cel": ("derive.rules.expressions",),
    "ahocorasick_rs": ("derive.origins.index",),
}
"""Distribution's module -> the modules or rooms that are its door."""

STANDARD = {
    "time": ("cli", "cli_site", "record"),
    "random": (),
    "secrets": (),
    "uuid": ("record",),
    "pickle": (),
    "subprocess": ("render.dot", "full_text"),
    "multiprocessing": ("processes",),
    "concurrent": ("processes",),
    "socket": (),
    "ssl": (),
    "http": (),
    "urllib.request": (),
    "webbrowser": ("cli",),
    "tempfile": ("write", "remote", "rows", "pytest_plugin"),
    "zipfile": ("archives",),
    "sqlite3": ("archives",),
}
"""Standard modules that have a door; the others are free to all."""

WRITES = ("write", "disk", "stage", "record", "stores")
CALLS = {
    "print": (),
    "input": (),
    "sys.exit": ("console",),
    "SystemExit": (),
    # the recorder is in somebody's agent, where only the environment can tell it where
    "os.environ": (
        "cli",
        "cli_check",
        "cli_diff",
        "cli_site",
        "pytest_plugin",
        "record",
    ),
    "os.getenv": ("cli",),
    "datetime.now": ("cli", "record"),
    "datetime.utcnow": (),
    "datetime.today": (),
    "date.today": (),
    "eval": (),
    "exec": (),
    "open": ("inputs", *WRITES),
    # the console puts the null device in place of a stream that is closed
    ".open": ("inputs", "archives", "console", *WRITES),
    ".read_text": ("render", "cli", "secret_rules"),  # what the package itself ships
    ".read_bytes": ("render", "stage"),  # what the package ships; a page of ours
    ".write_text": WRITES,
    ".write_bytes": WRITES,
    ".mkdir": (*WRITES, "pytest_plugin"),  # the folder that a fixture gives a test
    ".unlink": (*WRITES, "full_text"),  # what Pagefind wrote and no page uses
    ".rename": WRITES,
    "os.replace": WRITES,
    "os.rename": WRITES,
    "os.remove": WRITES,
    "shutil.rmtree": WRITES,
    "Markup": ("render.text",),
}
"""A name, or a method of anything, -> the modules or rooms that may use it."""

HEAVY = (
    "cel",
    "pygments",
    "markdown_it",
    "jinja2",
    "rich",
    "graphviz",
    "backports",
    "re2",
)

SCRIPT_DANGERS = re.compile(
    r"\b(fetch|eval|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b\(?"
    r"|\bnew Function\b|\bdocument\.write|\bMath\.random|\bimport\("
)

FORBIDDEN = tuple(
    "".join(parts)
    for parts in (
        ("/work", "/main"),
        ("/work", "/shared"),
        ("/work", "/."),
        ("pypi", ".org"),
        ("python", "hosted"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("deb.", "debian.org"),
        ("issue", " #"),
        ("FIX", "ME"),
        ("TO", "DO:"),
    )
)
"""Words of a workplace, put together here so that this file does not hold them."""


def modules() -> list[str]:
    """Dotted names inside the package: `render.text`; a package is its own name."""
    paths = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    return [".".join(path.with_suffix("").parts) for path in paths]


def path_of(module: str) -> Path:
    return PACKAGE / f"{module.replace('.', '/')}.py"


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


def room(module: str) -> str:
    first = module.split(".")[0]
    return SAME_ROOM.get(first, first)


def imports(module: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, those inside functions too."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            assert node.level == 0, f"{module}:{node.lineno}: write the whole name"
            if name == "whypath":
                names = (f"whypath.{alias.name}" for alias in node.names)
                yield from ((node.lineno, name) for name in names)
            else:
                yield node.lineno, name


def is_at(module: str, doors: tuple[str, ...]) -> bool:
    """True when `module` is one of the doors, or in a room that is one."""
    return any(module == door or module.startswith(f"{door}.") for door in doors)


MODULES = modules()
DERIVED_MODULES = [module for module in MODULES if module.startswith("derive.")]
every_module = pytest.mark.parametrize("module", MODULES)
every_derived_module = pytest.mark.parametrize("module", DERIVED_MODULES)


@every_module
def test_nothing_goes_back_up_the_stairs(module: str) -> None:
    here = room(module)
    if here == "__init__":
        assert not list(imports(module)), "the package itself imports nothing"
        return
    assert here in MAY_IMPORT, f"give {module} a room in MAY_IMPORT"
    for line, name in imports(module):
        there = name.removeprefix("whypath.")
        if there in (name, "__version__"):
            continue
        arrow = f"{module}:{line}: {here} imports {there}"
        wanted = MAY_IMPORT[here]
        assert room(there) in (here, *wanted), f"{arrow}; it may import {wanted}"
        if there in SAME_ROOM:
            assert room(there) == here, f"{arrow}: only {room(there)} may"


@every_derived_module
def test_what_is_derived_imports_only_what_stands_above_it(module: str) -> None:
    here = module.split(".")[1]
    for line, name in imports(module):
        if not f"{name}.".startswith("whypath.derive."):
            continue
        place = f"{module}:{line}"
        assert name != "whypath.derive", f"{place}: import from the module itself"
        there, wanted = name.split(".")[2], DERIVED.get(here, ())
        assert there in (here, *wanted), f"{place}: {there}; it may import {wanted}"


@every_derived_module
def test_a_package_of_what_is_derived_re_exports_nothing(module: str) -> None:
    if module.endswith("__init__"):
        assert len(tree(module).body) == 1, f"{module}: a docstring and nothing else"


def test_the_packages_of_what_is_derived_make_no_circle() -> None:
    names = {module.split(".")[1] for module in DERIVED_MODULES}
    assert set(DERIVED) == names - {"__init__"}, "give each its line in DERIVED"
    above: set[str] = set()
    for name, wanted in DERIVED.items():
        assert above.issuperset(wanted), f"{name}: not all of {wanted} stand above it"
        above.add(name)


@every_module
def test_each_import_from_outside_comes_through_its_door(module: str) -> None:
    for line, name in imports(module):
        first = name.split(".")[0]
        if first == "whypath":
            continue
        for door in (name, first):
            doors = STANDARD.get(door, (module,))
            assert is_at(module, doors), f"{module}:{line}: {door} only in {doors}"
        if first not in sys.stdlib_module_names:
            place = f"{module}:{line}: {first}"
            assert first in THIRD_PARTY, f"{place} has no door in THIRD_PARTY"
            doors = THIRD_PARTY[first]
            assert is_at(module, doors), f"{place} only in {doors}"


def dotted(node: ast.expr) -> str:
    """`os.environ` for names and their attributes, `.open` for anything else's."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def uses(module: str) -> Iterator[tuple[int, str]]:
    """Line and name of everything called, and of every attribute of a name."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)
            if isinstance(node.func, ast.Attribute):
                yield node.lineno, f".{node.func.attr}"
        elif isinstance(node, ast.Attribute):
            yield node.lineno, dotted(node)


@every_module
def test_each_danger_has_one_door(module: str) -> None:
    excused = {line for line, name in uses(module) if name == "webbrowser.open"}
    for line, name in uses(module):
        doors = CALLS.get(name, (module,))
        if line not in excused:
            assert is_at(module, doors), f"{module}:{line}: {name} only in {doors}"


@every_module
def test_no_error_is_swallowed(module: str) -> None:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ExceptHandler):
            caught = dotted(node.type) if node.type else "everything"
            silent = all(isinstance(part, ast.Pass) for part in node.body)
            broad = caught in ("everything", "Exception", "BaseException")
            place = f"{module}:{node.lineno}: catches {caught} and goes on in silence"
            assert not (silent and broad), place


@every_module
def test_a_file_has_one_job(module: str) -> None:
    length = len(path_of(module).read_text(encoding="utf-8").splitlines())
    what = f"{module} has {length} lines; find its second job and give that a file"
    assert length <= MAX_LINES, what


@every_module
def test_a_module_says_what_it_turns_into_what(module: str) -> None:
    if module != "__main__":
        said = ast.get_docstring(tree(module)) or ""
        assert said, f"{module} has no docstring"
        assert is_sentence(said), f"{module}: no sentence: {said.splitlines()[0]}"


def is_sentence(docstring: str) -> bool:
    """True when the first paragraph ends like a sentence, or with an address."""
    first = docstring.split("\n\n")[0].strip()
    return first[-1:] in ".?!:`" or first.split()[-1].startswith("https://")


def public(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Public functions, classes and methods; a foreign record's fields are neither."""
    shapes = {"Shape"}
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.ClassDef) and shapes & set(map(dotted, node.bases)):
            shapes.add(node.name)
        elif not node.name.startswith("_"):
            yield f"{inside}{node.name}", node
            if isinstance(node, ast.ClassDef) and not is_foreign(node):
                yield from public(node.body, f"{node.name}.")


def is_foreign(node: ast.ClassDef) -> bool:
    """True for `class X(library.Y)`, whose methods the library explains."""
    bases = (b.value if isinstance(b, ast.Subscript) else b for b in node.bases)
    return any(isinstance(base, ast.Attribute) for base in bases)


@every_module
def test_what_is_public_is_explained(module: str) -> None:
    for name, node in public(tree(module).body):
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        said = ast.get_docstring(node) or ""
        place = f"{module}:{node.lineno}: {name}"
        assert said, f"{place} needs a docstring: what, units, what is raised"
        assert is_sentence(said), f"{place}: the docstring's first line is no sentence"


def test_folders_are_two_deep_and_files_have_telling_names() -> None:
    for path in [*PACKAGE.rglob("*"), *TEMPLATES.rglob("*")]:
        base = PACKAGE if path.is_relative_to(PACKAGE) else TEMPLATES
        parts = path.relative_to(base).parts
        if "__pycache__" not in parts:
            deepest = 3 if parts[0] == "derive" else 2  # that has packages of its own
            assert len(parts) <= deepest, f"{path} lies too deep"
        assert path.stem not in ("utils", "common", "helpers"), f"{path}: of what?"


def template_files() -> list[Path]:
    """Templates and assets: everything but the README that explains them."""
    files = (path for path in sorted(TEMPLATES.rglob("*")) if path.is_file())
    return [path for path in files if path.suffix != ".md"]


def test_every_template_and_asset_is_used() -> None:
    sources = [path_of(module) for module in MODULES] + template_files()
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    for path in template_files():
        others = (text for source, text in texts.items() if source != path)
        names = (path.name, f'"{path.stem}"')
        used = any(name in text for text in others for name in names)
        assert used, f"nothing uses {path.relative_to(ROOT)}: remove it"


def test_no_template_calls_text_safe_or_asks_for_anything_remote() -> None:
    for path in template_files():
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(ROOT)
        assert not re.search(r"\|\s*safe\b", text), f"{where}: escape in render/text.py"
        assert "autoescape" not in text, f"{where}: escaping is not a template's choice"
        remote = re.search(r"(src|href|url)\s*[=(]\s*[\"']?(https?:)?//", text)
        assert not remote, f"{where}: {remote and remote[0]}: nothing loads from a host"
        if path.suffix == ".js":
            danger = SCRIPT_DANGERS.search(text)
            assert not danger, f"{where}: {danger and danger[0]} has no place in a page"


def text_files() -> Iterator[tuple[Path, str]]:
    """Every text file that is in the repository, or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("NOT CHECKED: this is no git checkout, so its files are not known")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_the_repository_speaks_of_the_project_alone() -> None:
    for path, text in text_files():
        found = [word for word in FORBIDDEN if word in text]
        assert not found, f"{path.relative_to(ROOT)} says {found}"


@pytest.mark.skipif("cli" not in MODULES, reason="there is no command line yet")
def test_starting_the_command_line_imports_nothing_heavy() -> None:
    code = "import sys, whypath.cli; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    heavy = sorted(loaded & set(HEAVY))
    assert not heavy, f"import {heavy} where they are used, inside the function"


@pytest.mark.parametrize(
    ("source", "broken"),
    [
        ("from whypath.cli import main", "stairs"),
        ("from whypath.derive.inspection import inspect", "above"),
        ("from whypath.derive import diffs", "above"),
        ("'Says it.'\nfrom whypath.derive.diffs.diff import Diff", "re-exports"),
        ("def f():\n    import jinja2", "door"),
        ("import requests", "door"),
        ("import urllib.request", "door"),
        ("from time import time", "door"),
        ("print(1)", "danger"),
        ("Path('x').open()", "danger"),
        ("stamp = datetime.now()", "danger"),
        ("home = os.environ['HOME']", "danger"),
        ("Markup('<b>')", "danger"),
        ("try:\n    f()\nexcept Exception:\n    pass", "silence"),
        ("def f():\n    return 1", "explained"),
        ("def f():\n    '''no sentence'''", "explained"),
    ],
    ids=lambda value: value.splitlines()[-1].strip()[:30],
)
def test_the_rules_can_fail(
    source: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {
        "stairs": test_nothing_goes_back_up_the_stairs,
        "above": test_what_is_derived_imports_only_what_stands_above_it,
        "re-exports": test_a_package_of_what_is_derived_re_exports_nothing,
        "door": test_each_import_from_outside_comes_through_its_door,
        "danger": test_each_danger_has_one_door,
        "silence": test_no_error_is_swallowed,
        "explained": test_what_is_public_is_explained,
    }
    monkeypatch.setattr(sys.modules[__name__], "tree", lambda module: ast.parse(source))
    with pytest.raises(AssertionError):
        rules[broken]("derive.diffs.__init__")
