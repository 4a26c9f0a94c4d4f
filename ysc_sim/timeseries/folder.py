"""Where the shipped data lie: ``profiles/`` beside the package in a checkout, inside it in an installed
wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def profiles_folder() -> Path:
    """The folder ``profiles``.

    >>> (profiles_folder() / "README.md").is_file()
    True
    """
    package = Path(__file__).resolve().parent.parent
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"
