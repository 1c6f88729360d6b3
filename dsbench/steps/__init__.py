"""One module per step of the pipeline: it calls the rooms below and returns a typed result."""
