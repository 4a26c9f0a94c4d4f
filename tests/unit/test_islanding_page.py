"""The table of docs/islanding.md is the table of the code."""

from pathlib import Path

from ysc_sim.engine.modes import MODES, TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "islanding.md"


def test_the_mode_table_of_the_page_is_that_of_the_code() -> None:
    written = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`") and cells[0].strip("`") in {t for _, t in TRANSITIONS}:
            for before in cells[1].split(", "):
                written.add((before, cells[0].strip("`"), before if cells[2] == "itself" else cells[2]))
    assert written == {(MODES[b].name, trigger, MODES[a].name) for (b, trigger), a in TRANSITIONS.items()}
