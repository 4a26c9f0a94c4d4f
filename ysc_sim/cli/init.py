"""``ysc init``: a commented starter scenario in a new folder."""

from __future__ import annotations

from pathlib import Path

from ysc_sim.errors import ResultError
from ysc_sim.words import language, text

TEMPLATES = Path(__file__).parent.parent / "scenario" / "templates"


def templates() -> list[str]:
    """Names of the shipped templates."""
    return sorted({path.name.split(".")[0] for path in TEMPLATES.glob("*.yaml")})


def list_templates() -> None:
    """One line a template: its name and the first line of its comment."""
    for name in templates():
        first = _source(name).read_text(encoding="utf-8").splitlines()[0]
        print(f"{name:12} {first.lstrip('# ')}")


def write_template(folder: Path, name: str) -> None:
    """Copy a template as ``scenario.yaml``; nothing that exists is overwritten. Raises ``ResultError``."""
    if name not in templates():
        raise ResultError("unknown_template", value=name, known=", ".join(templates()))
    target = folder / "scenario.yaml"
    if target.exists():
        raise ResultError("exists_already", path=str(target))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_source(name).read_bytes())
    except OSError as error:
        raise ResultError("cannot_write", path=str(target), reason=error.strerror or str(error)) from None
    print(target)
    print(text("cli.init_next").format(path=target))


def _source(name: str) -> Path:
    """The template in the language in use, English where it has no other."""
    localised = TEMPLATES / f"{name}.{language()}.yaml"
    return localised if localised.exists() else TEMPLATES / f"{name}.en.yaml"
