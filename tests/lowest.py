"""Prints the oldest versions that `pyproject.toml` allows, as constraints for pip.

    python tests/lowest.py > oldest.txt
    pip install --constraint oldest.txt '.[test]'

What those packages need themselves is not held down: it is theirs to say.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(\[\w+\])?>=(?P<oldest>[\w.]+)(,<[\w.]+)?(?P<marker>; .+)?"
)


def requirements() -> list[str]:
    """All that the project, its extras and its build ask for, but its own extras."""
    told = tomllib.loads(PROJECT.read_text("utf-8"))
    project = told["project"]
    lists = [
        *(told["build-system"]["requires"], project["dependencies"]),
        *project["optional-dependencies"].values(),
    ]
    own = f"{project['name']}["
    return [line for lines in lists for line in lines if not line.startswith(own)]


def constraint(requirement: str) -> str:
    """`name==version`, with its marker. Raises `ValueError` for one without `>=`."""
    found = REQUIREMENT.fullmatch(requirement)
    if found is None:
        raise ValueError(f"{requirement}: say from which version on, with >=")
    return f"{found['name']}=={found['oldest']}{found['marker'] or ''}"


if __name__ == "__main__":
    sys.stdout.write("".join(f"{constraint(each)}\n" for each in requirements()))
