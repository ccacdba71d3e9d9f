"""The pipeline of `check`: runs are read and checked, what was found is written.

Part of the `build` room.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from whypath.build_secrets import checked_pieces
from whypath.derive.drift.baseline import Baseline, from_text, is_saved, learn, to_text
from whypath.derive.drift.digest import digest
from whypath.derive.findings.finding import Severity, conclude, in_order
from whypath.derive.findings.held_secrets import find_secrets
from whypath.derive.inspection import Inspection, inspect
from whypath.derive.rules.file import read_rules
from whypath.derive.story import Story, tell
from whypath.errors import TraceError
from whypath.model import Run
from whypath.records import read_text
from whypath.redact import Redactor
from whypath.write import write_file

ReadRuns = Callable[[Sequence[str]], Sequence[Run]]


def check(
    runs: Iterable[Run],
    *,
    rules: Path | None = None,
    baseline: Baseline | None = None,
    earlier: Path | None = None,
    save: Path | None = None,
    secrets: bool = False,
    redactor: Redactor | None = None,
) -> Inspection:
    """Checks runs, each by itself and all together. Raises `TraceError`.

    `secrets` makes each secret that a run holds a finding. `rules` is a TOML file,
    `earlier` the JSON of an earlier inspection; what is usual in these runs is written
    to `save`, unless `redactor` finds a secret in it that it knows.
    """
    known = read_rules(read_text(rules), str(rules)) if rules is not None else None
    inspection, digests = inspect(
        map(_tell_secrets if secrets else tell, runs),
        rules=known,
        baseline=baseline,
        earlier=read_text(earlier) if earlier is not None else None,
        earlier_name=str(earlier or ""),
    )
    if save is not None:
        usual = to_text(learn(digests))
        write_file(save, checked_pieces(redactor, [usual], str(save)))
    return inspection


def _tell_secrets(run: Run) -> Story:
    """All that `tell` tells, and the secrets that were taken out of the run."""
    story = tell(run)
    checked, found = conclude("secret", find_secrets(run))
    return replace(
        story,
        findings=in_order([*story.findings, *found]),
        checks=(*story.checks, checked),
    )


def read_baseline(sources: Sequence[str], read: ReadRuns) -> Baseline:
    """The baseline that was saved, or that is learned from good runs.

    One source may be a saved baseline; others are traces. Raises `TraceError`.
    """
    if len(sources) == 1:
        path = Path(sources[0])
        if path.is_file() and is_saved(read_text(path, 4_096)):
            return from_text(read_text(path), sources[0])
    usual = learn(digest(tell(run)) for run in read(sources))
    if not usual.runs:
        raise TraceError(" ".join(sources), "no run to learn from")
    return usual


def write_inspection(
    inspection: Inspection,
    outputs: Mapping[str, Path],
    limit: Severity | None,
    redactor: Redactor | None = None,
) -> None:
    """Writes an inspection as `junit`, `sarif`, `summary` or `json`, each to its file.

    Nothing is written in which `redactor` finds a secret that it knows. Raises
    `TraceError`.
    """
    for output, path in outputs.items():
        pieces = _pieces(inspection, output, limit)
        write_file(path, checked_pieces(redactor, pieces, str(path)))


def _pieces(
    inspection: Inspection, output: str, limit: Severity | None
) -> Iterable[str]:
    if output == "junit":
        from whypath.render.junit import junit

        return junit(inspection, limit)
    if output == "sarif":
        from whypath.render.sarif import sarif

        return [sarif(inspection)]
    if output == "summary":
        from whypath.render.check_summary import check_summary

        return [check_summary(inspection)]
    return [inspection_json(inspection)]


def inspection_json(inspection: Inspection) -> str:
    """An inspection as JSON."""
    from whypath.render.check_json import check_json

    return check_json(inspection)
