"""Makes the index for full-text search from a site's written-out steps, with Pagefind.

The pages are redacted already, and nothing but they are read.
"""

import importlib.util
import shutil
import subprocess
from pathlib import Path

from whypath.errors import TraceError

FOLDER = "pagefind"
_NOT_NEEDED = (
    "pagefind-*.css",
    "pagefind-*ui.js",
    "pagefind-highlight.js",
    "pagefind-worker.js",
)
_LONGEST_S = 3_600


def program() -> str:
    """The path of Pagefind. Raises `TraceError` where it is not installed."""
    if importlib.util.find_spec("pagefind_bin") is not None:
        from pagefind_bin import get_executable

        return str(get_executable())
    found = shutil.which("pagefind")
    if found is None:
        hint = "pip install 'whypath[search]'"
        raise TraceError("--search", "needs Pagefind, which is not here", hint=hint)
    return found


def index_texts(site: Path, steps: str) -> None:
    """Writes the folder `pagefind` of a site. `steps` is a pattern of its pages.

    Raises `TraceError` where Pagefind is missing or fails.
    """
    site = site.resolve()  # a relative one would be looked for in itself
    command = [program(), "--site", str(site), "--output-subdir", FOLDER]
    command += ["--glob", steps, "--force-language", "en", "--quiet"]
    command += ["--exclude-selectors", ".pages, .foot, .static-nav"]
    try:
        subprocess.run(
            command,
            cwd=site,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(error)]
        raise TraceError("--search", f"Pagefind failed: {last[0]}") from None
    for pattern in _NOT_NEEDED:
        for file in (site / FOLDER).glob(pattern):
            file.unlink()
