"""The report's page: what it shows, computed from the results of the steps, and its place in pytest-html's file."""
