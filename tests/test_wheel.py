"""What is built is what is in the checkout, and runs without it."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
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


def copy_of_the_checkout(folder: Path, mode: int) -> Path:
    """The files that are in the repository, elsewhere, of another day and mode."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("NOT CHECKED: this is no git checkout, so its files are not known")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    for name in (name for name in names if (ROOT / name).is_file()):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod(mode)
        os.utime(target, (981_000_000, 981_000_000))
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """Wheel and sdist, built twice: in another folder, zone, umask, on another day."""
    found = []
    for number, (mode, umask, zone) in enumerate(
        [(0o644, 0o022, "UTC"), (0o600, 0o077, "Asia/Kolkata")]
    ):
        base = tmp_path_factory.mktemp(f"build-{number}")
        source = copy_of_the_checkout(base / "source", mode)
        environment = os.environ | {"PYTHONHASHSEED": str(number), "TZ": zone}
        environment.pop("SOURCE_DATE_EPOCH", None)
        command = ("-m", "hatchling", "build", "-d", base / "dist")
        run(*command, cwd=source, env=environment, umask=umask)
        found.append({path.name: path.read_bytes() for path in base.glob("dist/*")})
    return found


def test_wheel_and_sdist_are_built_twice_to_the_same_bytes(
    built: list[dict[str, bytes]],
) -> None:
    first, second = built
    assert len(first) == 2
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_the_sdist_holds_all_that_the_tests_read_and_builds_the_same_wheel(
    built: list[dict[str, bytes]], tmp_path: Path
) -> None:
    [packed] = [data for name, data in built[0].items() if name.endswith(".tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path, filter="data")
    [inside] = tmp_path.iterdir()
    kept = copy_of_the_checkout(tmp_path / "checkout", 0o644)
    names = {path.relative_to(kept) for path in kept.rglob("*") if path.is_file()}
    missing = [str(name) for name in sorted(names) if not (inside / name).is_file()]
    assert missing == [".ci/run", ".gitattributes"]
    run("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=inside)
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.read_bytes() == built[0][wheel.name]


def everything_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file and folder."""
    found = ((str(path), path.lstat()) for path in [folder, *folder.rglob("*")])
    return {name: (seen.st_size, seen.st_mtime_ns) for name, seen in found}


def test_an_installed_package_that_is_read_only_works_and_stays_as_it_is(
    installed: dict[str, str], tmp_path: Path
) -> None:
    package = Path(installed["PYTHONPATH"])
    for folder in [package, *(p for p in package.rglob("*") if p.is_dir())]:
        folder.chmod(0o555)
    before = everything_below(package)
    quiet = {**installed, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nowhere"}
    trace = EXAMPLES / "escalation" / "vip-after-rename.jsonl"
    run("-m", "whypath", "report", trace, "-o", "r/", cwd=tmp_path, env=quiet)
    run("-m", "whypath", "site", EXAMPLES, "-o", "s", cwd=tmp_path, env=quiet)
    assert everything_below(package) == before
