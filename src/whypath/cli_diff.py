"""The command `diff`: two runs or more side by side. Part of the `cli` room."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click

from whypath.console import leave, print_lines, progress, say, tell_errors
from whypath.errors import TraceError
from whypath.options import TraceSize, reading


@click.command()
@click.argument("traces", nargs=-1, required=True, metavar="TRACE TRACE...")
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FILE | DIR/",
    help="Write the page: one HTML file, or a folder, which more than two runs need.",
)
@click.option(
    "--run",
    "run_ids",
    multiple=True,
    metavar="ID",
    help="Which runs, where a trace holds several; or write TRACE#ID.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="PATH",
    help="What is at this path does not count: $.seed, took_ms, crm.lookup:$.seats.",
)
@click.option(
    "--mask",
    multiple=True,
    metavar="REGEX",
    help="What this finds in a text does not count.",
)
@click.option(
    "--json",
    "json_out",
    metavar="FILE",
    help="Also write the same facts as JSON; - for standard output, and nothing else.",
)
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a short Markdown form, for a comment on a pull request.",
)
@click.option(
    "--format", "format_name", metavar="NAME", help="Do not guess the format."
)
@click.option(
    "--max-size",
    type=TraceSize(),
    metavar="SIZE",
    help="Fail rather than write a larger page, such as 24MB.",
)
@click.option(
    "--dot", metavar="PROGRAM", help="Lay graphs out with this Graphviz `dot`."
)
@click.option("--open", "open_it", is_flag=True, help="Open the page in a browser.")
@reading(os.environ)
@tell_errors
def diff(
    traces: tuple[str, ...],
    out: str | None,
    run_ids: tuple[str, ...],
    ignore: tuple[str, ...],
    mask: tuple[str, ...],
    json_out: str | None,
    summary: Path | None,
    format_name: str | None,
    max_size: int | None,
    dot: str | None,
    open_it: bool,
    redactor: Any,
    limits: Any,
) -> None:
    """Where two runs part, and why: the first decision that is not the same.

    The first run is A; each of the others is compared with it. Ids, times and temporary
    names do not count. With one TRACE that holds several runs, these are compared.

    Exit codes: 0 the same decisions, 1 others, 2 trouble.

    \b
    Examples:
      whypath diff monday.jsonl tuesday.jsonl -o diff.html
      whypath diff results.json --run trial-0 --run trial-1
      whypath diff results.json#trial-0 results.json#trial-1
      whypath diff before.jsonl after-*.jsonl -o matrix/
      whypath diff a.jsonl b.jsonl --ignore '$.seed' --mask 'build-\\d+' --json -
    """
    from whypath import build, comparison, terminal

    checked = partial(build.checked_pieces, redactor)
    with progress() as tell:
        masks = build.masks(mask, ignore)
        picked = build.pick_runs(
            traces,
            run_ids,
            format=format_name,
            redactor=redactor,
            limits=limits,
            say=tell,
        )
        many = len(picked.runs) > 2
        if open_it and out is None:
            raise click.UsageError("--open needs a page to open: -o diff.html")
        if out is not None and many and not _is_folder(out):
            hint = f"name a folder: -o {Path(out).stem}/"
            raise TraceError(f"-o {out}", "more than two runs need a folder", hint=hint)
        tell("comparing")
        diffs = build.compare_all(picked.runs, masks)
        written = None
        if out is not None:
            written = build.diff(
                diffs,
                Path(out),
                as_folder=_is_folder(out),
                max_size=max_size,
                dot=dot,
                redactor=redactor,
                say=tell,
            )
        if summary is not None:
            lines = comparison.markdown(diffs, out)
            build.write_lines(summary, checked(lines, str(summary)))
        facts = [comparison.as_json(one) for one in diffs]
        data = terminal.json_text(facts if many else facts[0]) if json_out else ""
        if json_out not in (None, "-"):
            build.write_lines(Path(str(json_out)), checked([data], str(json_out)))
    if picked.left_out:
        others = terminal.counted(picked.left_out, "more run")
        say(f"There are {others} in the input; choose with --run ID or TRACE#ID.")
    if about_secrets := terminal.taken_out_of(picked.runs):
        say(about_secrets)
    if json_out == "-":
        said: Iterable[str] = [data]
    else:
        said = comparison.matrix(diffs) if many else comparison.lines(diffs[0])
    print_lines(checked(said, "the output"))
    if written is not None and json_out != "-":
        print_lines([str(written.path)])
    if open_it and written is not None:
        click.launch(written.page.resolve().as_uri())
    leave(0 if all(one.same_decisions for one in diffs) else 1)


def _is_folder(out: str) -> bool:
    return out.endswith("/") or Path(out).is_dir()
