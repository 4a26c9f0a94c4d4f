"""A figure as SVG for a paper, of a size in millimetres; plotly's own kaleido draws it in a Chrome or Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ysc_sim.errors import ResultError

PIXELS_PER_MM = 96 / 25.4


def write_svg(figure: Any, path: str | Path, *, width_mm: float = 160.0, height_mm: float = 90.0) -> Path:
    """Write a plotly figure as SVG, whole or not at all, and return its path.

    Raises ``ResultError`` where kaleido (``ysc-sim[figures]``) or a browser is missing, or the disk refuses;
    ``ValueError`` for a size that is not above 0.
    """
    if not (width_mm > 0 and height_mm > 0):
        raise ValueError(f"width_mm(={width_mm}) and height_mm(={height_mm}) must be above 0.")
    path = Path(path)
    if path.suffix.lower() != ".svg":
        raise ResultError("import_ending", path=str(path), known=".svg")
    try:
        import kaleido  # noqa: F401
    except ImportError:
        raise ResultError("kaleido_not_installed") from None
    size = {"width": round(width_mm * PIXELS_PER_MM), "height": round(height_mm * PIXELS_PER_MM)}
    try:
        drawn = figure.to_image(format="svg", **size)
    except (RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ResultError("svg_not_drawn", reason=reason) from None
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(drawn)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ResultError("cannot_write", path=str(path), reason=error.strerror or str(error)) from None
    return path
