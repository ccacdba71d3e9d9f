"""The command `site`: many runs as one folder of pages. Of the `cli` room."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import click

from whypath.console import print_lines, say, tell_errors
from whypath.errors import printable
from whypath.options import Age, Share, reading

SHOWN_ERRORS = 10
DIFFS = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-o",
    "--output",
    "out",
    default="site",
    show_default=True,
    type=click.Path(file_okay=False),
    metavar="DIR/",
    help="The folder to write, or its URL; one of ours is replaced.",
)
@click.option("--title", default="Runs", metavar="TEXT", help="The name of the site.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Worker processes. [default: one a processor]",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Give the work to the Dask cluster with this scheduler.",
)
@click.option(
    "--only",
    type=click.Choice(["findings", "failed"]),
    help="Leave out the runs that are not such.",
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="The newest N runs only."
)
@click.option(
    "--sample",
    type=Share(),
    default=1.0,
    metavar="10%",
    help="A share of the traces: the same ones each time.",
)
@click.option(
    "--max-age",
    type=Age(),
    metavar="30d",
    help="Leave out runs so much older than the newest one.",
)
@click.option(
    "--baseline",
    multiple=True,
    metavar="NAME=VALUE | PATH",
    help="What is usual: the runs with a label, or below a folder. May be repeated.",
)
@click.option(
    "--pair-by",
    metavar="LABEL",
    help="Compare runs of a task across the values of a label, too.",
)
@click.option(
    "--diffs",
    type=click.IntRange(0),
    default=DIFFS,
    show_default=True,
    metavar="N",
    help="Make the diffs of the newest N pairs of runs that are worth one.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out traces whose names below the folder match: 'drafts/*'.",
)
@click.option(
    "--forget",
    is_flag=True,
    help="For publishing: leave out what would tell the next build what is unchanged.",
)
@click.option(
    "--search", is_flag=True, help="Index the text of every step, for a web server."
)
@click.option(
    "--format", "format_name", metavar="NAME", help="Do not guess the format."
)
@click.option(
    "--dot", metavar="PROGRAM", help="Lay graphs out with this Graphviz `dot`."
)
@reading(os.environ)
@tell_errors
def site(
    paths: tuple[str, ...],
    out: str,
    title: str,
    jobs: int | None,
    dask: str | None,
    only: Any,
    limit: int | None,
    sample: float,
    max_age: int | None,
    baseline: tuple[str, ...],
    pair_by: str | None,
    diffs: int,
    exclude: tuple[str, ...],
    forget: bool,
    search: bool,
    format_name: str | None,
    dot: str | None,
    redactor: Any,
    limits: Any,
) -> None:
    """Write a folder of pages about many runs: list, decisions across runs, reports.

    It is read from the disk, from any web server, and as a CI artifact, without
    JavaScript too. Written again, only what changed is made anew; a trace that cannot
    be read becomes a row that says why.

    \b
    Examples:
      whypath site runs/
      whypath site before/ after/ -o public/ --baseline before --title "Ticket router"
      whypath site runs/ --only failed --max-age 30d
      whypath site s3://traces/may -o s3://site/may --dask tcp://10.0.0.7:8786
    """
    from whypath import fleet, terminal
    from whypath.fleet import Plan

    plan = Plan(
        title=printable(title),
        format=format_name,
        dot=dot,
        only=only,
        limit=limit,
        sample=sample,
        max_age_ns=max_age,
        baseline=baseline,
        pair_by=pair_by,
        diffs=diffs,
        secrets=redactor.recipe if redactor is not None else None,
        limits=limits,
        exclude=exclude,
        forget=forget,
        search=search,
    )
    if dask and jobs:
        raise click.UsageError("--jobs is for this machine: a cluster has its own")
    if search:
        from whypath.full_text import program

        if any(map(fleet.is_url, (*paths, fleet.place(out)))):
            raise click.UsageError(
                "--search is for files here: make the site in a folder, then copy it"
            )
        program()  # or it would be told after all the work
    with _bar() as tell:
        made = fleet.site_anywhere(paths, out, plan, jobs=jobs, dask=dask, tell=tell)
    unread = 0
    for row in made.rows:
        if row.error:
            unread += 1
            if unread <= SHOWN_ERRORS:
                say(f"Note: {terminal.line(row.error)}")
    if unread > SHOWN_ERRORS:
        say(f"Note: {unread - SHOWN_ERRORS:,} more traces could not be read.")
    if made.foreign:
        say(terminal.left_out(made.foreign))
    counts = [terminal.counted(len(made.rows) - unread, "run")]
    if unread:
        counts.append(f"{unread:,} unreadable")
    if made.diffs:
        counts.append(terminal.counted(made.diffs, "diff"))
    if made.kept:
        counts.append(f"{made.made:,} traces made, {made.kept:,} as they were")
    print_lines([f"{out.rstrip('/')}/index.html: {', '.join(counts)}"])


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int, int], None]]:
    """How far it is, how fast, and how long it will take; nothing in CI."""
    if not sys.stderr.isatty():
        yield lambda what, done, total, steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=1, rate="")
        shown, start = "", monotonic()

        def tell(what: str, done: int, total: int, steps: int) -> None:
            nonlocal shown, start
            if what != shown:
                shown, start = what, monotonic()
                progress.reset(task, total=max(total, 1), description=what, rate="")
            passed = monotonic() - start
            rate = f"{steps / passed:,.0f} steps/s" if steps and passed > 1 else ""
            progress.update(task, completed=done, total=max(total, 1), rate=rate)

        yield tell
