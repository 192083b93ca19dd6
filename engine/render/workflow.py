"""GitHub's workflow commands, which a pull request and the page of a run show as remarks."""

from __future__ import annotations


def command(kind: str, properties: dict[str, str], text: str) -> str:
    """One command: `kind` is error, warning or notice."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_data(text)}" if told else f"::{kind}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
