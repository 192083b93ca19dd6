"""`python -m trainrules` is `rules`."""

from .cli import run

if __name__ == "__main__":
    run()
