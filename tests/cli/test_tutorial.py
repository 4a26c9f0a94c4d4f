"""Every command of the tutorials, in their order, in an empty folder; and the Python that follows them."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from ysc_sim import words
from ysc_sim.cli import main

DOCS = Path(__file__).parents[2] / "docs"
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", ["tutorial.md", "tutorial.ja.md"])
def test_a_tutorial_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    commands = [line for block in CONSOLE.findall(text) for line in block.splitlines() if line]
    assert len(commands) >= 9
    monkeypatch.chdir(tmp_path)
    for line in commands:
        assert line.startswith("$ ysc ")
        monkeypatch.setattr(words, "_chosen", ["en"])
        monkeypatch.setattr(sys, "argv", shlex.split(line)[1:])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None), line
    for code in PYTHON.findall(text):
        exec(compile(code, page, "exec"), {})
    assert {path.name for path in (tmp_path / "results").iterdir() if path.suffix == ".html"}
    assert len(list(tmp_path.rglob("report.html"))) == 3
