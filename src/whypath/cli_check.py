"""The command `check`: what went wrong, in one run or in many. Of the `cli` room."""

import os
from pathlib import Path
from typing import Any

import click

from whypath.console import leave, print_lines, progress, say, tell_errors, width
from whypath.options import reading

FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--rules", type=EXISTING, metavar="FILE", help="Your own rules, as TOML.")
@click.option(
    "--baseline",
    multiple=True,
    metavar="PATH",
    help="Good runs to compare with, or a saved baseline. May be repeated.",
)
@click.option(
    "--save-baseline",
    "save",
    type=FILE,
    metavar="FILE",
    help="Write what is usual in PATH, for --baseline.",
)
@click.option(
    "--previous",
    type=EXISTING,
    metavar="FILE",
    help="The --json of an earlier check: says what is new, persists, or is fixed.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 for a finding as grave as this.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 too where a rule of yours could not see what it needs.",
)
@click.option(
    "--secrets",
    is_flag=True,
    help="A secret in a run is an error: which kind, and where; never the secret.",
)
@click.option("--junit", type=FILE, metavar="FILE", help="Also write JUnit XML.")
@click.option("--sarif", type=FILE, metavar="FILE", help="Also write SARIF 2.1.0.")
@click.option(
    "--summary",
    type=FILE,
    metavar="FILE",
    help="Also write Markdown, for a job's summary or a comment.",
)
@click.option(
    "--json",
    "json_out",
    metavar="FILE",
    help="Also write all of it as JSON; - for standard output, and nothing else.",
)
@click.option(
    "--format", "format_name", metavar="NAME", help="Do not guess the format."
)
@reading(os.environ)
@tell_errors
def check(
    paths: tuple[str, ...],
    rules: Path | None,
    baseline: tuple[str, ...],
    save: Path | None,
    previous: Path | None,
    fail_on: Any,
    strict: bool,
    secrets: bool,
    junit: Path | None,
    sarif: Path | None,
    summary: Path | None,
    json_out: str | None,
    format_name: str | None,
    redactor: Any,
    limits: Any,
) -> None:
    """Check runs: values from nowhere, failures that look like successes, loops, drift.

    Each run is checked by itself; with --baseline, all together against good runs.
    With --rules, your own rules are checked too. A check that cannot see what it needs
    says so: it is not clean.

    Exit codes: 0 fine, 1 findings as grave as --fail-on, 2 trouble, or nothing read.

    \b
    Examples:
      whypath check session.jsonl
      whypath check after/ --baseline before/
      whypath check good/ --save-baseline usual.json
      whypath check runs/ --secrets
      whypath check runs/ --rules rules.toml --junit junit.xml --sarif whypath.sarif
    """
    from whypath import build, terminal

    if secrets and redactor is None:
        raise click.UsageError("--secrets looks for secrets; --no-redact does not")
    limit = None if fail_on == "never" else fail_on
    json_file = None if json_out in (None, "-") else Path(str(json_out))
    wanted = (("junit", junit), ("sarif", sarif), ("summary", summary))
    files = {name: path for name, path in (*wanted, ("json", json_file)) if path}
    with progress() as tell:

        def read(sources: Any) -> Any:
            return build.read_input(
                sources,
                format=format_name,
                redactor=redactor,
                limits=limits,
                say=tell,
            )

        usual = None
        if baseline:
            usual = build.read_baseline(baseline, lambda each: read(each).runs)
        found = read(paths)
        tell("checking")
        inspection = build.check(
            found.runs,
            rules=rules,
            baseline=usual,
            earlier=previous,
            save=save,
            secrets=secrets,
            redactor=redactor,
        )
        build.write_inspection(inspection, files, limit, redactor)
    if found.beyond:
        more = terminal.counted(found.beyond, "file")
        say(f"Left out: {more} more than --at-most files allows.")
    if found.skipped:
        say(terminal.left_out(found.skipped))
    if json_out == "-":
        lines = [terminal.json_safe(build.inspection_json(inspection).rstrip())]
    else:
        lines = [*terminal.inspection_lines(inspection, width())]
        if os.environ.get("GITHUB_ACTIONS") == "true":
            lines += terminal.annotations(inspection)
    print_lines(build.checked_pieces(redactor, lines, "the output"))
    leave(1 if inspection.fails(limit, strict=strict) else 0)
