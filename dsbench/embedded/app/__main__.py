"""``python -m dsbench.embedded.app``: deepstream-app on the CPU."""

from dsbench.embedded.app.main import run

if __name__ == "__main__":
    run()
