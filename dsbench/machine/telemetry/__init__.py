"""GPU and CPU sampled during a benchmark run."""
