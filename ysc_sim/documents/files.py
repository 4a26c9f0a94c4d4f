"""Files that a scenario names: inside its folder, regular, of bounded size, in an encoding that people use."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath

from ysc_sim.errors import Problem, ScenarioError


def read_bytes(path: Path, *, max_bytes: int) -> bytes:
    """The bytes of a regular file. A device, pipe or folder is refused before it is opened; raises ``ScenarioError``."""
    name = str(path)
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise ScenarioError([Problem("not_a_regular_file", {"path": name}, file=name)])
        with open(path, "rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise ScenarioError([Problem("file_missing", {"path": name}, file=name)]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError([Problem("file_unreadable", {"path": name, "reason": reason}, file=name)]) from None
    except ValueError as error:
        raise ScenarioError([Problem("file_unreadable", {"path": name, "reason": str(error)}, file=name)]) from None
    if len(data) > max_bytes:
        raise ScenarioError([Problem("file_too_large", {"path": name, "limit_mb": max_bytes // 1_000_000}, file=name)])
    return data


def read_text(path: Path, *, max_bytes: int) -> str:
    """Text in UTF-8 (with or without BOM) or, failing that, cp932, as Japanese Excel writes it."""
    data = read_bytes(path, max_bytes=max_bytes)
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ScenarioError([Problem("not_text", {"path": str(path)}, file=str(path))])


def inside(root: Path, name: str) -> Path:
    """The file ``name`` inside ``root``. A URL, an absolute path, ``..`` and a link that leads out are refused.

    Raises ``ScenarioError``.
    """
    if "://" in name:
        raise ScenarioError([Problem("no_url", {"value": name})])
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts) or "\0" in name:
        raise ScenarioError([Problem("path_escapes", {"value": name})])
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ScenarioError([Problem("path_escapes", {"value": name})])
    return path
