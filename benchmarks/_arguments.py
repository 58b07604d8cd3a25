"""Lists on a benchmark's command line."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Part a comma-separated list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def numbers(text: str) -> list[int]:
    """Part a comma-separated list of whole numbers."""
    return [int(word) for word in words(text)]
