"""Turns a Story into text for the terminal, and into data for programs.

Prints nothing itself. Trace text is made safe here: no control character of it reaches
a terminal.
"""

from whypath.terminal.facts import as_json, as_request
from whypath.terminal.findings import (
    annotations,
    finding_lines,
    inspection_lines,
    step_findings,
)
from whypath.terminal.lines import (
    about_others,
    context_lines,
    left_out,
    overview,
    step_lines,
    taken_out,
    taken_out_of,
)
from whypath.terminal.text import (
    counted,
    json_safe,
    json_text,
    line,
    line_cut,
    safe,
    size,
)
from whypath.terminal.why import why_lines

__all__ = [
    "about_others",
    "annotations",
    "as_json",
    "as_request",
    "context_lines",
    "counted",
    "finding_lines",
    "inspection_lines",
    "json_safe",
    "json_text",
    "left_out",
    "line",
    "line_cut",
    "overview",
    "safe",
    "size",
    "step_findings",
    "step_lines",
    "taken_out",
    "taken_out_of",
    "why_lines",
]
