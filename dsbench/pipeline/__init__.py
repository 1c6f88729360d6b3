"""The steps put together: one module a step, which calls the rooms that own its rules and returns a typed result."""
