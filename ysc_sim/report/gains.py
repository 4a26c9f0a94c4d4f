"""Who gained by sharing, and who lost: a bar for each building, with the yen."""

from __future__ import annotations

from typing import ClassVar

from ysc_sim.report.bilingual import Html, Label, html, name, said, sentence
from ysc_sim.report.numbers import has, metric
from ysc_sim.report.reading import Reading
from ysc_sim.report.who_gains import who_gains_part

MOST_BARS = 40
GAINED = "saving_jpy"


class Gains:
    """Savings by sharing, largest first."""

    kind: ClassVar[str] = "gains"
    order: ClassVar[int] = 82

    def __init__(self, most: int = MOST_BARS, *, splits: bool = True) -> None:
        self.most, self.splits = most, splits

    def title(self) -> Label:
        """Heading."""
        return said("report.gains")

    def applies(self, results: Reading) -> bool:
        """Where more than one building is billed, and sharing changed any bill."""
        savings = _savings(results)
        return len(savings) > 1 and any(savings.values())

    def render(self, results: Reading, lang: str) -> Html:
        """A sentence, the bars, and other splits of the same saving."""
        savings = _savings(results)
        order = sorted(savings, key=lambda building: -savings[building])
        half = self.most // 2
        shown = order if len(order) <= self.most else [*order[:half], *order[-half:]]
        most = max(abs(saving) for saving in savings.values())
        bars = "".join(_bar(results, building, savings[building] / most) for building in shown)
        more = ""
        if len(order) > len(shown):
            left = str(len(order) - len(shown))
            more = f'<p class="more">{html(said("report.gains_between", count=left))}</p>'
        sides = "both" if min(savings.values()) < 0 else "one"
        note = html(said("report.gains_note"))
        splits = who_gains_part(results) if self.splits else ""
        return Html(f'{_lead(results)}<div class="gains {sides}">{bars}</div>{more}<p class="note">{note}</p>{splits}')


def _savings(results: Reading) -> dict[str, float]:
    return {building: own[GAINED] for building, own in results.metrics["buildings"].items() if GAINED in own}


def _lead(results: Reading) -> str:
    if not has(results, GAINED, "losers"):
        return ""
    values = {"saving": metric(results, GAINED), "losers": metric(results, "losers", unit=False)}
    return f'<p class="lead">{sentence("report.gains_lead", **values)}</p>'


def _bar(results: Reading, building: str, share: float) -> str:
    side = "lost" if share < 0 else "won"
    track = f'<span class="track"><i class="{side}" style="--share:{abs(share):.4f}"></i></span>'
    saved = metric(results, GAINED, building)
    return f'<p><span class="who">{html(name(building, 32))}</span>{track}<span class="sum">{saved}</span></p>'
