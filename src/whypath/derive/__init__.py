"""What a run means: values derived from a Run, and nothing that is shown."""
