"""Which files a resolved scenario names, and what they held: a run is repeated only with the same inputs."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from ysc_sim.documents import parse_yaml
from ysc_sim.documents.files import inside, read_bytes
from ysc_sim.errors import ScenarioError

MOST_BYTES = 512_000_000
DATASHEET = ".yaml"
"""A datasheet may be named without its ending."""


def named_files(text: str, folder: Path) -> dict[str, str]:
    """Name → SHA-256 of every file in ``folder`` that the text of a resolved scenario names, sorted by name.

    A plan that extends another file of the user names only the first; whether a repeated run is the same is told by
    its numbers, this tells why it is not.
    """
    found: dict[str, str] = {}
    for name in sorted(set(_file_names(parse_yaml(text, "scenario.yaml").data, ""))):
        try:
            found[name] = sha256(read_bytes(inside(folder, name), max_bytes=MOST_BYTES)).hexdigest()
        except ScenarioError:  # a word with a dot in it, or a shipped file: not one of the user's
            continue
    return found


def _file_names(node: Any, key: str) -> Iterator[str]:
    """Text that may be the name of a file.

    >>> sorted(_file_names({"a": [{"profile": "m.csv", "model": "lfp"}], "name": "x.csv", "k": 1.5}, ""))
    ['lfp.yaml', 'm.csv']
    """
    if isinstance(node, dict):
        for inner, value in node.items():
            yield from _file_names(value, str(inner))
    elif isinstance(node, list):
        for value in node:
            yield from _file_names(value, key)
    elif isinstance(node, str) and key not in ("name", "description", "id"):
        if PurePosixPath(node).suffix and "\n" not in node:
            yield node
        elif key == "model":
            yield node + DATASHEET
