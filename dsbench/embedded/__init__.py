"""The embedded runtime: a deepstream-app on CPU, a program of its own."""
