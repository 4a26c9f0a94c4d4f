"""The page in a real browser: it opens in silence, shows every section, speaks two languages, moves its map."""

import re

import pytest

pytestmark = pytest.mark.browser

EVERY_SECTION = """
return [...document.querySelectorAll('main > section')].map(section => {
  const box = section.getBoundingClientRect();
  const drawings = [...section.querySelectorAll('svg, img')].map(drawing => {
    const place = drawing.getBoundingClientRect();
    const marks = drawing.tagName === 'IMG' ? (drawing.naturalWidth > 0 ? 1 : 0)
      : [...drawing.querySelectorAll('path')].filter(path => path.getTotalLength() > 0
          || path.getAttribute('d').endsWith('h0')).length;
    return {width: place.width, height: place.height, marks, says: drawing.getAttribute('aria-label') || ''};
  });
  return {id: section.id, height: box.height, width: box.width, text: section.innerText.trim().length,
          heading: section.querySelector('h2').innerText, drawings,
          rows: section.querySelectorAll('tbody tr').length};
});
"""
EXPECTED = {
    "headline",
    "waterfall",
    "flows",
    "balance",
    "demand",
    "duration",
    "heat",
    "storage",
    "map",
    "network",
    "trading",
    "outages",
    "buildings",
    "gains",
    "bills",
    "numbers",
    "provenance",
}
DRAWN = {"flows", "balance", "demand", "duration", "heat", "storage", "map", "network", "outages", "buildings"}


@pytest.mark.parametrize("which", ["report", "ensemble", "sheet", "member", "comparison"])
def test_it_opens_in_silence_and_asks_for_nothing(browser, pages, which):
    browser.open(pages[which])
    assert browser.complaints() == []
    assert browser.requests() == [pages[which].as_uri()]
    assert browser.ask("return document.readyState") == "complete"


def test_every_section_is_there_and_not_empty(browser, page):
    browser.open(page)
    found = browser.ask(EVERY_SECTION)
    assert {section["id"] for section in found} >= EXPECTED
    for section in found:
        assert section["height"] > 60, section
        assert section["text"] > 20, section
        assert section["heading"], section
        assert section["id"] not in DRAWN or section["drawings"], section
        for drawing in section["drawings"]:
            assert drawing["width"] > 20, (section["id"], drawing)
            assert drawing["height"] > 20, (section["id"], drawing)
            assert drawing["marks"] > 0, (section["id"], drawing)
            assert len(drawing["says"]) > 20, (section["id"], drawing)


def test_an_ensemble_shows_its_bands(browser, pages):
    browser.open(pages["ensemble"])
    found = {section["id"]: section for section in browser.ask(EVERY_SECTION)}
    assert found["ensemble"]["rows"] > 3
    assert max(drawing["marks"] for drawing in found["ensemble"]["drawings"]) > 2


def test_the_contents_lead_to_the_sections(browser, page):
    browser.open(page)
    links = browser.ask("return [...document.querySelectorAll('nav a')].map(a => a.getAttribute('href').slice(1))")
    assert links == browser.ask("return [...document.querySelectorAll('main > section')].map(s => s.id)")


def test_the_language_is_switched_and_back(browser, page):
    browser.open(page)
    seen = "return document.body.innerText"
    other = "return [...document.querySelectorAll('span[lang=%s]')].filter(s => s.offsetParent !== null).length"
    english = browser.ask(seen)
    assert "Half-hour demand" in english
    assert not re.search(r"[぀-ヿ一-鿿]", english.replace("日本語", ""))
    for lang, hidden in (("ja", "en"), ("en", "ja"), ("ja", "en")):
        browser.ask(f"document.querySelector('button[data-lang={lang}]').click()")
        assert browser.ask("return document.documentElement.lang") == lang
        assert browser.ask(other % hidden) == 0
        assert browser.ask(other % lang) > 100
        pressed = "return document.querySelector('button[data-lang=%s]').getAttribute('aria-pressed')"
        assert browser.ask(pressed % lang) == "true"
        assert browser.ask(pressed % hidden) == "false"
    japanese = browser.ask(seen)
    for term in ("デマンド値", "契約電力", "自立運転", "自己消費率", "電気料金", "負荷持続曲線"):
        assert term in japanese
    assert "報告書" in browser.ask("return document.title")
    labels = browser.ask(
        "return [...document.querySelectorAll('svg[aria-label]')].map(s => s.getAttribute('aria-label'))"
    )
    assert all(re.search(r"[぀-ヿ一-鿿]", label) for label in labels)
    assert browser.complaints() == []


MAP = """
const [step] = arguments, slider = document.querySelector('.map input');
if (step !== null) { slider.value = step; slider.dispatchEvent(new Event('input', {bubbles: true})); }
return {step: slider.value, most: slider.max, says: slider.getAttribute('aria-valuetext'),
        now: document.querySelector('.map .now').innerText,
        strokes: [...document.querySelectorAll('.net path')].map(path => getComputedStyle(path).stroke)};
"""


def test_the_slider_moves_the_map(browser, page):
    browser.open(page)
    opened = browser.ask(MAP, None)
    assert int(opened["most"]) == 47
    night, again = browser.ask(MAP, 3), browser.ask(MAP, int(opened["step"]))
    assert night["strokes"] != opened["strokes"]
    assert again["strokes"] == opened["strokes"]
    assert night["now"] != opened["now"]
    assert "01:30" in night["says"]
    # What the script writes is what the page was written with.
    assert re.findall(r"[\d.]+ %", again["now"]) == re.findall(r"[\d.]+ %", opened["now"])


def test_touching_a_wire_names_it(browser, page):
    browser.open(page)
    touched = "document.querySelector('.net path.transformer')"
    browser.ask(f"{touched}.dispatchEvent(new PointerEvent('pointerover', {{bubbles: true}}))")
    assert re.fullmatch(r".*transformer.*: [\d.]+ %", browser.ask("return document.querySelector('.picked').innerText"))


def test_values_under_the_pointer(browser, page):
    browser.open(page)
    told = browser.ask("""
      const chart = document.querySelector('#balance .chart[data-told]'), plot = chart.querySelector('.plot');
      const box = plot.getBoundingClientRect();
      plot.dispatchEvent(new PointerEvent('pointermove', {clientX: box.left + box.width / 2, clientY: box.top + 9}));
      return {when: chart.querySelector('.when').innerText,
              values: [...chart.querySelectorAll('output')].map(o => o.textContent)};
    """)
    assert "12 May" in told["when"]
    assert len(told["values"]) > 3
    assert all(re.fullmatch(r"−?-?[\d.,]+|–", value) for value in told["values"])
