"""Names that want to be something else stay names: in the source of the page, and in a browser that opens it."""

import json
import re
from html import escape, unescape

import pytest

from ysc_sim.report import build_member_page, build_report, build_sheet

pytestmark = pytest.mark.browser

HOSTILE = {
    "workshop": "<script>window.owned=1</script>",
    "sun_1": '"><img src=x onerror="window.owned=1">',
    "sun_2": "‮'; window.owned=1; //",
    "sun_3": "=cmd|' /C calc'!A0" + "x" * 300,
    "car": "</title></style><script>window.owned=1</script><svg onload=window.owned=1>",
    "flat": "{{7*7}} ${7*7} javascript:window.owned=1 &lt;b&gt; \\u003cb\\u003e <!--",
}


class Renamed:
    """A result whose buildings, scenario and cells carry hostile names, as a stranger could have written it."""

    def __init__(self, results) -> None:
        self._results = results
        self.scenario_yaml = "name: </pre><script>window.owned=1</script>\n# ‮" + "y" * 500
        self.studies = {"stages": [{**s, "stage": HOSTILE["car"]} for s in results.studies["stages"]]}
        own = results.metrics["buildings"]
        self.metrics = {
            **results.metrics,
            "community": {**results.metrics["community"], HOSTILE["workshop"]: 1.0},
            "buildings": {HOSTILE[name]: numbers for name, numbers in own.items()},
            "units": {**results.metrics["units"], HOSTILE["workshop"]: "<i>unit</i>"},
        }
        self.manifest = json.loads(json.dumps(results.manifest))
        self.manifest["scenario"] = {"name": HOSTILE["car"], "description": HOSTILE["sun_1"], "sha256": HOSTILE["flat"]}
        self.manifest["notes"] = [{"key": HOSTILE["workshop"], HOSTILE["car"]: HOSTILE["sun_1"]}]
        self.manifest["versions"] = {HOSTILE["workshop"]: HOSTILE["sun_2"]}
        for branch in self.manifest["network"]["branches"]:
            branch["name"] = HOSTILE["workshop"]
        self.frames = results.frames

    @property
    def buildings(self):
        return tuple(sorted(self.metrics["buildings"]))

    def frame(self, name):
        frame = self._results.frame(name)
        for column in frame.columns:
            if str(frame[column].dtype) in ("category", "object", "str", "string"):
                frame[column] = frame[column].astype(str).map(lambda text: HOSTILE.get(text, text)).astype("category")
        if name == "network_day":
            frame["name"] = HOSTILE["car"]
        if name in ("events", "outages"):
            frame["cell"] = HOSTILE["workshop"]
            frame["cause"] = HOSTILE["sun_1"]
        if name == "bills":
            frame["item"] = frame["item"].astype(str).replace("energy", HOSTILE["car"])
        return frame


@pytest.fixture(scope="module")
def documents(results):
    hostile = Renamed(results)
    return {
        "report": build_report(hostile, "en"),
        "sheet": build_sheet(hostile, "ja"),
        "member": build_member_page(hostile, HOSTILE["workshop"], "ja"),
    }


@pytest.mark.parametrize("which", ["report", "sheet", "member"])
def test_in_the_source(documents, which):
    text = documents[which]
    assert text.count("<script") == 1
    assert text.count("</script>") == 1
    assert not re.search(r"<(img src=x|svg onload|i>unit)", text)
    assert "‮" not in text
    assert "x" * 121 not in unescape(text)
    assert escape("<script>window.owned=1</script>")[:20] in text


@pytest.mark.parametrize("which", ["report", "sheet", "member"])
def test_in_a_browser(browser, write, documents, which):
    path = write(f"hostile-{which}.html", documents[which])
    for width in (1200, 390):
        browser.open(path, width=width)
        assert browser.complaints() == []
        assert browser.requests() == [path.as_uri()]
        assert browser.ask("return window.owned === undefined && document.scripts.length === 1")
        strange = "return [...document.images].filter(image => !image.src.startsWith('data:image/png')).length"
        assert browser.ask(strange) == 0
        handlers = "return [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
        assert not [attribute for attribute in set(browser.ask(handlers)) if attribute.startswith("on")]
        for lang in ("ja", "en"):
            browser.ask(f"document.querySelector('button[data-lang={lang}]').click()")
        assert browser.ask("return document.scrollingElement.scrollWidth") <= width
    assert browser.ask("return window.owned === undefined")


def test_a_page_could_not_run_a_script_if_a_name_got_through(browser, write, documents):
    text = documents["report"].replace("<main>", "<main><script>window.owned=1</script>", 1)
    browser.open(write("broken.html", text))
    assert browser.ask("return window.owned === undefined")
    assert any("Content Security Policy" in line for line in browser.complaints())
