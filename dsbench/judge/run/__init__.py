"""Is a benchmark run to be believed, and what does it say of its streams."""
