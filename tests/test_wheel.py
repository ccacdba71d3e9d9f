"""What is built is what is in the checkout, and runs without it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from samples import EXAMPLES, ROOT


def run(*command: str | Path, **options: object) -> str:
    """The output of a Python of the test's own, which must end well."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `whypath` is the wheel's; what it needs is the test's."""
    target = tmp_path_factory.mktemp("installed")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    run("-m", "pip", "install", *quiet, "--target", target, wheel)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    where = run("-c", "import whypath; print(whypath.__file__)", env=environment)
    assert Path(where.strip()).is_relative_to(target)
    return environment


def test_the_wheel_holds_the_templates_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        prefix = "whypath/templates/"
        names = [name for name in archive.namelist() if name.startswith(prefix)]
        shipped = {name.removeprefix(prefix): archive.read(name) for name in names}
    folder = ROOT / "templates"
    files = (path for path in folder.rglob("*") if path.is_file())
    here = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    assert shipped == here


def test_the_wheel_holds_types_and_schema_and_nothing_foreign(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"whypath/py.typed", "whypath/schema.json"} <= names
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if ".dist-info" not in folder} == {"whypath"}
    assert not [name for name in names if name.endswith(".pyc")]


def test_the_wheel_runs_and_writes_a_report(
    installed: dict[str, str], tmp_path: Path
) -> None:
    usage = run("-m", "whypath", "--help", cwd=tmp_path, env=installed)
    assert "report" in usage
    trace = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
    report = ("-m", "whypath", "report", trace, "-o", "r.html")
    run(*report, cwd=tmp_path, env=installed)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")


def test_the_wheel_is_built_twice_to_the_same_bytes(
    wheel: Path, tmp_path: Path
) -> None:
    built = []
    for number in (1, 2):
        environment = {
            **os.environ,
            "SOURCE_DATE_EPOCH": "1700000000",
            "PYTHONHASHSEED": str(number),
            "TZ": ("UTC", "Asia/Kolkata")[number - 1],
        }
        folder = tmp_path / str(number)
        command = ("-m", "hatchling", "build", "-t", "wheel", "-d", folder)
        run(*command, cwd=ROOT, env=environment)
        built.append((folder / wheel.name).read_bytes())
    assert built[0] == built[1]
