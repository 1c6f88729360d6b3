"""Random inputs for every parser of outside text. ``python -m tests.fuzz --seconds 600``; a short run is a test."""
