"""Finds the Chromium that browser tests and benchmark drive, or installs one.

`python tests/chromium.py` prints where it is. Without one it fails where the
environment variable CI is set, and elsewhere says loudly what is skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
"""Flags that keep a test's browser off the network and away from a screen."""

APT = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"])


def find() -> Path | None:
    """The first one on the PATH, else the one that Playwright fetched, else None."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def install() -> Path | None:
    """Installs one with what this machine has: apt-get as root, or Playwright."""
    debian = shutil.which("apt-get") and os.geteuid() == 0
    if debian and all(_run(command) for command in APT):
        return find()
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    return find()


def _run(command: list[str]) -> bool:
    """Runs quietly; what went wrong is printed, because it explains the skip."""
    print("installing a browser:", *command, flush=True)
    done = subprocess.run(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(*done.stdout.strip().splitlines()[-5:], sep="\n")
    return done.returncode == 0


def main() -> int:
    """0 when a browser is there or may be missing, 1 when CI has none."""
    found = find() or install()
    if found:
        print(f"browser: {found}")
        return 0
    print("NO CHROMIUM: the tests in a browser cannot run. Install it: chromium")
    if os.environ.get("CI"):
        return 1
    print("WARNING: those tests are SKIPPED here; CI does not skip them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
