"""The site in the repository is what `make demo` writes, byte for byte."""

import gzip
import re
import shlex
import subprocess
import zlib
from base64 import b64decode
from pathlib import Path

import pytest
from click.testing import CliRunner

from whypath.cli import main

ROOT = Path(__file__).parents[1]
LIMIT = 2_000_000
PACKED = re.compile(rb'(class="(?:chunk|graphs|index|columns)">)([A-Za-z0-9+/=]+)')


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built by the command of the Makefile, elsewhere."""
    said = subprocess.run(
        ["make", "--dry-run", "demo"], cwd=ROOT, check=True, capture_output=True
    )
    lines = said.stdout.decode().replace("\\\n", " ").splitlines()
    [command] = [line for line in lines if "whypath site" in line]
    words = shlex.split(command)[1:]
    out = tmp_path_factory.mktemp("demo") / "site"
    words[words.index("-o") + 1] = str(out)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def opened(page: bytes) -> bytes:
    """A page with its packed blocks unpacked, as another zlib may pack them."""
    return PACKED.sub(lambda f: f[1] + gzip.decompress(b64decode(f[2])), page)


def test_the_site_in_the_repository_is_what_make_demo_writes(built: Path) -> None:
    kept, made = files(ROOT / "site"), files(built)
    assert sorted(kept) == sorted(made), "run `make demo`"
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        kept = {name: opened(page) for name, page in kept.items()}
        made = {name: opened(page) for name, page in made.items()}
    different = [name for name in made if made[name] != kept[name]]
    assert different == [], "run `make demo`, and look at the difference"


def test_the_site_in_the_repository_is_small(built: Path) -> None:
    assert sum(map(len, files(built).values())) < LIMIT
