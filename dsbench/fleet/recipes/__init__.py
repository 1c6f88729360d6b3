"""Plans as files of other engines: a Kubernetes Job, a Slurm array, a GitHub workflow. Text only; nothing is run."""
