"""`python -m trainrules` is `rules`."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="rules")
