"""Output for people: pytest-html report, terminal summary, charts."""
