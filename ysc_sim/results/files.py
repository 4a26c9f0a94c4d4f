"""The result folder: complete or absent, written beside and renamed, read as if a stranger had written it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ysc_sim.documents.files import read_bytes
from ysc_sim.errors import ResultError, ScenarioError

MANIFEST, METRICS, SCENARIO, REPORT = "manifest.json", "metrics.json", "scenario.yaml", "report.html"
SHEET, MEMBER_PAGE = "report_a4.html", "member_{member}.html"
STUDIES = "studies.json"
"""What was asked beside the run itself: the bill in stages, survival."""
PACKAGE = "ysc-sim"
FORMAT = 1
MOST_BYTES = {MANIFEST: 16_000_000, METRICS: 256_000_000, SCENARIO: 16_000_000, STUDIES: 64_000_000}
MOST_TABLE_BYTES = 8_000_000_000
STALE_S = 3600.0
"""Age at which what a killed run left beside the target is swept away."""
KNOWN_FILES = (MANIFEST, METRICS, SCENARIO, STUDIES, REPORT, SHEET)
TABLE_SUFFIX = ".parquet"


def check_target(folder: Path) -> None:
    """Raise ``ResultError`` unless ``folder`` is absent, empty, or a result folder without anything else in
    it.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise ResultError("result_target_taken", path=str(folder))
    names = sorted(entry.name for entry in folder.iterdir())
    if not names:
        return
    if not is_result_folder(folder):
        raise ResultError("result_target_taken", path=str(folder))
    strange = [name for name in names if not _ours(name)]
    if strange:
        raise ResultError("result_target_holds_more", path=str(folder), name=strange[0])


def _ours(name: str) -> bool:
    before, after = MEMBER_PAGE.split("{member}")
    return name in KNOWN_FILES or name.endswith(TABLE_SUFFIX) or (name.startswith(before) and name.endswith(after))


def is_result_folder(folder: Path) -> bool:
    """Whether a manifest of this package stands in the folder."""
    try:
        return read_json(folder / MANIFEST).get("package") == PACKAGE
    except ResultError:
        return False


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write a new folder beside ``folder``, make it durable, then put it in its place.

    A run that is killed leaves ``folder`` as it was; what it left beside it is swept away by a later one.
    """
    folder = folder.resolve()
    check_target(folder)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        partial.mkdir()
        fill(partial)
        _make_durable(partial)
        _replace(partial, folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise ResultError("cannot_write", path=str(folder), reason=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(partial: Path, folder: Path) -> None:
    """Rename into place; an older result steps aside first and comes back if that fails."""
    if not folder.exists():
        os.rename(partial, folder)
        return
    old = partial.with_suffix(".old")
    os.rename(folder, old)
    try:
        os.rename(partial, folder)
    except BaseException:
        os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove partial folders of the same target that nobody has touched for an hour."""
    for left in folder.parent.glob(f".{_literal(folder.name)}.*.partial"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left, ignore_errors=True)


def _literal(name: str) -> str:
    """A name as a glob pattern that matches nothing else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _make_durable(folder: Path) -> None:
    """Force every file of the folder, and the folder itself, to the disk."""
    for path in sorted(folder.iterdir()):
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_text(path: Path, text: str) -> None:
    """Write one file of text so that it is either the old one or the new one. Raises ``ResultError``."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        sync_folder(path.parent)
    except OSError as error:
        raise ResultError("cannot_write", path=str(path), reason=error.strerror or str(error)) from error
    finally:
        partial.unlink(missing_ok=True)


def json_text(data: Mapping[str, Any]) -> str:
    """Canonical JSON: keys sorted, shortest digits that give the number back, no NaN.

    >>> json_text({"b": 0.1, "a": "百"})
    '{\\n  "a": "百",\\n  "b": 0.1\\n}\\n'
    """
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False) + "\n"


def read_text(path: Path) -> str:
    """A text file of the folder, bounded, UTF-8. Raises ``ResultError``."""
    try:
        return read_bytes(path, max_bytes=MOST_BYTES[path.name]).decode("utf-8")
    except ScenarioError as error:
        problem = error.problems[0]
        raise ResultError(problem.key, **problem.values) from None
    except UnicodeDecodeError as error:
        raise ResultError("result_damaged", path=str(path), reason=error.reason) from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of the folder with finite numbers only. Raises ``ResultError``."""
    try:
        data = json.loads(read_text(path), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ResultError("result_damaged", path=str(path), reason=str(error)) from None
    if not isinstance(data, dict):
        raise ResultError("result_damaged", path=str(path), reason="{}")
    if data.get("format") != FORMAT:
        raise ResultError("result_format", path=str(path), format=str(data.get("format")), known=FORMAT)
    return data


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits[:40])
    return number


def file_sha256(path: Path, most_bytes: int = MOST_TABLE_BYTES) -> str:
    """SHA-256 of a regular file of at most ``most_bytes``. Raises ``ResultError``."""
    try:
        if not path.is_file() or path.stat().st_size > most_bytes:
            raise ResultError("result_damaged", path=str(path), reason=f"> {most_bytes} B")
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ResultError("file_unreadable", path=str(path), reason=error.strerror or str(error)) from None


def table_files(folder: Path) -> Iterator[Path]:
    """The parquet files of a folder, by name."""
    yield from sorted(path for path in folder.iterdir() if path.suffix == TABLE_SUFFIX)
