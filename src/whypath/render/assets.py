"""Our styles and scripts as they go into a page, and the policy that names them."""

import base64
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
TEMPLATES = [PACKAGE / "templates", PACKAGE.parents[1] / "templates"]
"""First a wheel's place, then a checkout's."""


def block(role: str, base64_text: str) -> str:
    """An inert block: base64 cannot hold anything that a parser would act on."""
    kind = "application/octet-stream"
    return f'<script type="{kind}" class="{role}">{base64_text}</script>\n'


@cache
def asset(kind: str, names: tuple[str, ...]) -> str:
    """Our own files, joined as they are, so that the hash in the policy matches."""
    return "\n".join(_read(f"assets/{name}.{kind}") for name in names)


def in_one_scope(script: str) -> str:
    """The scripts together, adding nothing to the page's globals."""
    return f'(() => {{\n"use strict";\n{script}\n}})();\n'


def _read(name: str) -> str:
    for folder in TEMPLATES:
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8")
    raise FileNotFoundError(name)


def policy(script: str, style: str) -> str:
    """The Content-Security-Policy: our script and style, and nothing else."""
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types whypath"
    )


def hash_of(text: str) -> str:
    """What the policy calls a script or a style by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
