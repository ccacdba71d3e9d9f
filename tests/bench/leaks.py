"""What is called a secret, by us and by detect-secrets, and what we replace in traces.

`python leaks.py [LABELLED ...]` prints recall and precision for labelled lines (those
of the samples, unless files are named), and how many values are replaced in the corpus
of real traces, by rule.
"""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from labelled_secrets import LABELLED, detected, redacted, rows_of, scores
from samples import CORPUS
from whypath.build import Redactor, read_input
from whypath.errors import TraceError


def labelled(path: Path) -> str:
    """A line for a file of labelled lines."""
    if not path.is_file():
        return f"{path.name}: NOT MEASURED, there is no such file here"
    rows = rows_of(path)
    ours, theirs = scores(rows, redacted(rows)), scores(rows, detected(rows))
    return (
        f"{path.name}: {len(rows):,} lines, recall {ours[0]:.3f}, precision "
        f"{ours[1]:.3f}; detect-secrets {theirs[0]:.3f}, {theirs[1]:.3f}"
    )


def in_corpus() -> str:
    """A line about what is replaced in real traces."""
    values: Counter[str] = Counter()
    files = 0
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file():
            continue
        try:
            runs = read_input([str(path)], redactor=Redactor()).runs
        except TraceError:
            continue
        files += 1
        labels = {each.label for run in runs for each in run.redactions or ()}
        values.update(label.split(":")[1] for label in labels)
    rules = ", ".join(f"{rule} x{count}" for rule, count in values.most_common())
    return f"corpus: {values.total()} values replaced in {files} files: {rules}"


def main() -> None:
    """Prints the figures."""
    for path in [Path(name) for name in sys.argv[1:]] or [LABELLED]:
        print(labelled(path))
    print(in_corpus())


if __name__ == "__main__":
    main()
