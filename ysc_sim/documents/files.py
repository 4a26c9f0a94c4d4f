"""Files that a scenario names: inside its folder, regular, of bounded size, in a known encoding."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath

from ysc_sim.errors import Problem, ScenarioError

URL = re.compile(r"[a-z][a-z0-9+.-]*://|(?:https?|ftp|file|data|javascript):", re.IGNORECASE)


def read_bytes(path: Path, *, max_bytes: int) -> bytes:
    """The bytes of a regular file; anything else is refused before it is opened. Raises ``ScenarioError``."""
    name = str(path)
    _refuse_irregular(path, name)
    try:
        # Looked at again once it is open, and opened without waiting: it may have become a pipe in between.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ScenarioError([Problem("not_a_regular_file", {"path": name}, file=name)])
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ScenarioError([_unreadable(error, name)]) from None
    if len(data) > max_bytes:
        values = {"path": name, "limit_mb": max_bytes / 1e6}
        raise ScenarioError([Problem("file_too_large", values, file=name)])
    return data


def read_text(path: Path, *, max_bytes: int) -> str:
    """Text in UTF-8 (with or without BOM) or, failing that, cp932, as Japanese Excel writes it."""
    return text_of(read_bytes(path, max_bytes=max_bytes), str(path))


def text_of(data: bytes, name: str) -> str:
    """Bytes as text: UTF-8 (with or without BOM), else cp932. Raises ``ScenarioError``."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ScenarioError([Problem("file_not_text", {"path": name}, file=name)])


def inside(root: Path, name: str) -> Path:
    """The regular file ``name`` in or below the folder ``root``.

    A URL, an absolute path (of any system), ``..``, a link that leads out, a folder, a pipe and a file
    that is not there are refused. Raises ``ScenarioError``.
    """
    if URL.match(name):
        raise ScenarioError([Problem("no_url", {"value": name})])
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    starts_elsewhere = posix.is_absolute() or windows.drive or windows.root
    if starts_elsewhere or ".." in (*posix.parts, *windows.parts) or "\0" in name:
        raise ScenarioError([Problem("path_escapes", {"value": name})])
    try:
        path = (root / name).resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise ScenarioError([Problem("file_unreadable", {"path": name, "reason": str(error)})]) from None
    if not path.is_relative_to(root.resolve()):
        raise ScenarioError([Problem("path_escapes", {"value": name})])
    _refuse_irregular(path, name)
    return path


def _refuse_irregular(path: Path, name: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise ScenarioError([_unreadable(error, name)]) from None
    if not stat.S_ISREG(mode):
        raise ScenarioError([Problem("not_a_regular_file", {"path": name}, file=name)])


def _unreadable(error: OSError | ValueError, name: str) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem("file_missing", {"path": name}, file=name)
    reason = getattr(error, "strerror", None) or str(error)
    return Problem("file_unreadable", {"path": name, "reason": reason}, file=name)
