"""What the project stands on: each package is explained, and has a lowest version."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lowest import REQUIREMENT, constraint, requirements
from samples import ROOT

README = (ROOT / "README.md").read_text("utf-8")
TABLES = README.partition("\n## What it stands on\n")[2].partition("\n## ")[0]


def rows() -> list[list[str]]:
    """The cells of every row of the section's tables, their heads left out."""
    lines = [line for line in TABLES.splitlines() if line.startswith("| ")]
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [row for row in cells if row[0] != "package"]


def asked_for() -> set[str]:
    found = (REQUIREMENT.fullmatch(requirement) for requirement in requirements())
    return {match["name"] for match in found if match}


def test_the_readme_explains_what_pyproject_asks_for_and_nothing_else() -> None:
    explained = [
        name
        for first, *_ in rows()
        for name in re.findall(r"[\w.-]+", re.sub(r"\(.*?\)|, only with.*", "", first))
    ]
    assert sorted(explained) == sorted(asked_for())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_package_has_a_use_a_keeper_a_size_and_an_alternative(
    row: list[str],
) -> None:
    assert len(row) == 5
    assert all(row)
    assert re.fullmatch(r"[\d.]+ MB", row[3])


def test_a_package_without_a_lowest_version_is_refused() -> None:
    assert constraint("dask[distributed]>=2025.1") == "dask==2025.1"
    assert constraint("a>=1,<2; python_version < '3'") == "a==1; python_version < '3'"
    for loose in ("click", "click==8", "click<9"):
        with pytest.raises(ValueError, match="from which version on"):
            constraint(loose)


def test_each_package_has_one_lowest_version() -> None:
    pinned = [constraint(requirement) for requirement in requirements()]
    assert len(set(pinned)) == len(asked_for())


def test_an_audit_that_can_ask_nobody_fails(tmp_path: Path) -> None:
    """`pip-audit` alone is content with packages it found no advisories for."""
    asked = tmp_path / "asked"
    tools = tmp_path / "venv-audit" / "bin"
    tools.mkdir(parents=True)
    for name in ("python", "pip-audit"):
        script = f'#!/bin/sh\nprintf "%s " "$@" >> {asked}\ncase "$*" in\n'
        script += '*"--strict"*) echo "could not be audited" >&2; exit 1;; esac\n'
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    own = tmp_path / "venv" / "bin"
    own.mkdir(parents=True)
    shutil.copy(tools / "python", own / "python")
    (tmp_path / "venv" / "installed-test").touch()
    command = ["make", "audit", f"VENV={tmp_path / 'venv'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"could not be audited" in done.stderr
    assert "--requirement" in asked.read_text()


def test_the_constraints_are_printed_one_a_line() -> None:
    command = [sys.executable, str(ROOT / "tests" / "lowest.py")]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [constraint(each) for each in requirements()]


def test_each_test_that_the_security_page_names_is_there() -> None:
    named = set(
        re.findall(r"`(?:tests/)?(test_\w+\.py)`", (ROOT / "SECURITY.md").read_text())
    )
    assert len(named) > 10
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []
