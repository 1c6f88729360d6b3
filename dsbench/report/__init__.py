"""What people read: pytest-html rows and the terminal summary."""
