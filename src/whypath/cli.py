"""The command line: flags become options, results become messages and exit codes.

Exit codes: 0 fine, 1 findings or runs that differ, 2 bad usage or bad input. How it
talks: `console`.
"""

import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import click

from whypath import __version__
from whypath.cli_check import check
from whypath.cli_diff import diff
from whypath.cli_site import site
from whypath.console import print_lines as _print
from whypath.console import progress as _progress
from whypath.console import say as _say
from whypath.console import tell_errors, width
from whypath.errors import TraceError, UnknownFormat
from whypath.options import Note, TraceSize, reading

WARN_BYTES = 24 * 10**6
SHOW_LIMIT = 4_000


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """Tells errors of what click itself prints, too: help, on a full disk."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the command that is named."""
        return tell_errors(super().main)(*args, **kwargs)


@click.group(cls=_Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="whypath")
def main() -> None:
    """Why did the agent do that?

    Whypath turns the recorded run of an AI agent into one HTML file that says what was
    decided, what else was on offer, on what evidence, and lets you step through it.

    \b
    Examples:
      whypath report session.jsonl                 writes session.html
      whypath show session.jsonl 42 --why          one step, in the terminal
      whypath check runs/ --baseline good/         what went wrong, and since when
      whypath diff monday.jsonl tuesday.jsonl      where two runs part, and why
      whypath site runs/ -o site/                  many runs, for CI to publish
      whypath formats trace.json                   what is this file?
    """


TRACES = click.argument("traces", nargs=-1, required=True, metavar="TRACE...")
RUN = click.option("--run", "run_id", metavar="ID", help="Which run, of several.")
READING = reading(os.environ)
FORMAT = click.option(
    "--format", "format_name", metavar="NAME", help="Do not guess the format."
)


@main.command()
@TRACES
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FILE | DIR/",
    help="The HTML file, or the folder, to write. [default: the trace's name + .html]",
)
@RUN
@click.option("--step", type=click.IntRange(1), metavar="N", help="Show step N first.")
@click.option(
    "--note",
    "notes",
    type=Note(),
    multiple=True,
    help="A note on step N, shown there and on the overview. May be repeated.",
)
@FORMAT
@click.option(
    "--max-size",
    type=TraceSize(),
    metavar="SIZE",
    help="Fail rather than write a larger file, such as 24MB.",
)
@click.option(
    "--graph",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the decision graph: .svg, or Graphviz DOT.",
)
@click.option(
    "--dot", metavar="PROGRAM", help="Lay graphs out with this Graphviz `dot`."
)
@click.option("--open", "open_it", is_flag=True, help="Open the report in a browser.")
@tell_errors
@READING
def report(
    traces: tuple[str, ...],
    out: str | None,
    run_id: str | None,
    step: int | None,
    notes: tuple[tuple[int, str], ...],
    format_name: str | None,
    max_size: int | None,
    graph: Path | None,
    dot: str | None,
    open_it: bool,
    redactor: Any,
    limits: Any,
) -> None:
    """Write one self-contained HTML report of a run.

    With a name that ends in a slash, a folder is written: the same page with its style
    and script beside it, and every step written out for readers without JavaScript.

    TRACE is a file, a folder, a pattern in quotes, or - for standard input.

    \b
    Examples:
      whypath report session.jsonl
      whypath report results.json --run task-1-trial-0 -o task1.html
      whypath report run.jsonl --step 9 --note 9="the tier was never returned"
      whypath report run.jsonl -o report/
      cat run.jsonl | whypath report - -o run.html
    """
    from whypath import build, terminal

    if out == "-":
        why = "a report is not written to standard output"
        raise TraceError("-o -", why, hint="name a file: -o report.html")
    clean = str if redactor is None else redactor.told
    notes = tuple((number, clean(text)) for number, text in notes)
    with _progress() as say:
        found = build.read_input(
            traces, format=format_name, redactor=redactor, limits=limits, say=say
        )
        run = build.choose(found.runs, run_id, " ".join(traces))
        for number in [n for n, _ in notes] + ([step] if step else []):
            _check_step(number, len(run.steps), traces[0])
        path = Path(out or _default_name(traces, run.steps[0].source.file, clean))
        written = build.report(
            run,
            path,
            note=terminal.about_others(found.runs, run),
            notes=dict(notes),
            step=step,
            dot=dot,
            max_size=max_size,
            graph_out=graph,
            as_folder=out is not None and (out.endswith("/") or path.is_dir()),
            redactor=redactor,
            say=say,
        )
    _tell_about(found, run, run_id)
    if run.redactions:
        _say(terminal.taken_out(run.redactions))
    if written.size > WARN_BYTES and max_size is None:
        size = terminal.size(written.size)
        _say(f"Note: {size} is more than most issue trackers take as an attachment.")
    _print([str(path)])
    if open_it:
        page = path / "index.html" if path.is_dir() else path
        click.launch(page.resolve().as_uri())


def _default_name(
    traces: tuple[str, ...], file: str, clean: Callable[[str], str]
) -> str:
    """A file in this folder, after the one thing that was named, or the run's file.

    `report.html` where the name holds a secret.
    """
    from whypath.terminal import line

    alone = len(traces) == 1 and Path(traces[0]).exists()
    source = traces[0] if alone else file
    name = "report" if "-" in traces else line(Path(source).resolve().name)
    for ending in (".gz", ".zst", ".jsonl", ".ndjson", ".json"):
        name = name.removesuffix(ending)
    return f"{name}.html" if name and clean(name) == name else "report.html"


def _tell_about(found: Any, run: Any = None, run_id: str | None = None) -> None:
    """What of the input is not shown, on stderr."""
    from whypath import terminal

    if found.beyond:
        files = terminal.counted(found.beyond, "file")
        _say(f"Left out: {files} more than --at-most files allows.")
    if found.skipped:
        _say(terminal.left_out(found.skipped))
    others = terminal.about_others(found.runs, run) if run and not run_id else None
    if others:
        _say(f"{others} Choose with --run ID.")


def _check_step(number: int, count: int, source: str) -> None:
    if not 1 <= number <= count:
        raise TraceError(
            source, f"no step {number}", hint=f"steps go from 1 to {count}"
        )


@main.command()
@click.argument("trace")
@click.argument("step", type=click.IntRange(1), required=False)
@RUN
@FORMAT
@click.option("--context", is_flag=True, help="The context window at the step.")
@click.option("--why", is_flag=True, help="The decision behind the step.")
@click.option(
    "--as",
    "shape",
    type=click.Choice(["openai", "anthropic"]),
    help="The context as the body of a request, so that the call can be made again.",
)
@click.option("--json", "as_json", is_flag=True, help="The same facts as JSON.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=SHOW_LIMIT,
    show_default=True,
    help="Characters of each text that are shown.",
)
@tell_errors
@READING
def show(
    trace: str,
    step: int | None,
    run_id: str | None,
    format_name: str | None,
    context: bool,
    why: bool,
    shape: Literal["openai", "anthropic"] | None,
    as_json: bool,
    limit: int,
    redactor: Any,
    limits: Any,
) -> None:
    """Show a run, or one STEP of it, in the terminal.

    \b
    Examples:
      whypath show run.jsonl                    every step, a line each
      whypath show run.jsonl 9 --why            options, rationale, evidence
      whypath show run.jsonl 9 --context        what the model saw
      whypath show run.jsonl 9 --context --json --as anthropic
      whypath show run.jsonl --json | jq .totals
    """
    from whypath import build, terminal

    if (context or why) and step is None:
        raise click.UsageError(
            "--context and --why need a STEP: whypath show TRACE 9 --why"
        )
    if shape is not None and not (context and as_json):
        raise click.UsageError("--as shapes the JSON of a context: --context --json")
    with _progress() as say:
        found = build.read_input(
            [trace], format=format_name, redactor=redactor, limits=limits, say=say
        )
        run = build.choose(found.runs, run_id, trace)
        story = build.tell(run)
    _tell_about(found, run, run_id)
    if step is not None:
        _check_step(step, len(run.steps), trace)
    if shape is not None and step is not None:
        body, notes = terminal.as_request(story, step, shape)
        for note in notes:
            _say(f"Note: {note}.")
        _print([terminal.json_text(body)])
        return
    if as_json:
        reasons = step is not None and (why or not context)
        facts = terminal.as_json(story, step, context=context, why=reasons)
        _print([terminal.json_text(facts)])
        return
    if step is None:
        _print(terminal.overview(story, width()))
        return
    if not (context or why):
        _print(terminal.step_lines(story, run.step(step), limit))
        _print(terminal.step_findings(story, step))
    if why or not context:
        _print(terminal.why_lines(story, step, limit))
    if context:
        _print(terminal.context_lines(story, step, limit))


@main.command()
@click.argument("file", required=False)
@click.option("--schema", is_flag=True, help="The native format's JSON Schema.")
@tell_errors
def formats(file: str | None, schema: bool) -> None:
    """List the formats that can be read, or say what FILE is.

    \b
    Examples:
      whypath formats
      whypath formats trace.json
      whypath formats --schema > native.schema.json
    """
    if schema:
        _print([(files("whypath") / "schema.json").read_text("utf-8").rstrip()])
        return
    from whypath import build, catalogue

    if file is not None:
        try:
            found = build.read_input([file])
        except UnknownFormat as error:
            _print(catalogue.near_misses(error.near))
            raise
        _print(catalogue.recognised(file, found.runs))
        _tell_about(found)
        return
    _print(catalogue.known_formats(build.all_readers()))


main.add_command(check)
main.add_command(diff)
main.add_command(site)
