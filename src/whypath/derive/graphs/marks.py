"""Marks the nodes of a graph in which a check found something."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from whypath.derive.findings.finding import SEVERITIES, Finding, Severity, by_step
from whypath.derive.graphs.graph import Graph, Node


def mark_findings(graph: Graph, findings: Sequence[Finding]) -> Graph:
    """The graph, each node with the severity of the gravest finding in it.

    What is only worth knowing is not marked: it would be everywhere.
    """
    worst = {
        step: found[0].severity
        for step, found in by_step(f for f in findings if f.severity != "info").items()
    }
    if not worst:
        return graph
    return replace(graph, nodes=tuple(_marked(node, worst) for node in graph.nodes))


def _marked(node: Node, worst: Mapping[int, Severity]) -> Node:
    here = {worst[step] for step in node.steps if step in worst}
    gravest = next((severity for severity in SEVERITIES if severity in here), "")
    return replace(node, found=gravest) if gravest else node
