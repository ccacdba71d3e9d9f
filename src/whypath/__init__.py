"""Why did the agent do that? Recorded agent runs become static HTML."""

__version__ = "0.1.0"
