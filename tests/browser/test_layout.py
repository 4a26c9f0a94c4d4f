"""The page on a phone, in the dark, on paper: nothing sticks out, everything can be read."""

import itertools
import re

import pytest

pytestmark = pytest.mark.browser

WIDER_THAN_ITS_PAGE = """
const limit = document.documentElement.clientWidth + 1, found = [];
document.querySelectorAll('body *').forEach(element => {
  const box = element.getBoundingClientRect();
  if (box.width === 0 || box.right <= limit) { return; }
  for (let up = element; up; up = up.parentElement) {
    const style = getComputedStyle(up);
    if (up !== element && ['auto', 'scroll', 'hidden', 'clip'].includes(style.overflowX)) { return; }
  }
  found.push(element.tagName + '.' + element.getAttribute('class') + ' ' + Math.round(box.right) + ' '
             + element.textContent.slice(0, 40));
});
return found;
"""
CONTRAST = """
function rgb(text) { return text.match(/[\\d.]+/g).slice(0, 3).map(Number); }
function light(colour) {
  const [r, g, b] = rgb(colour).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const paper = light(getComputedStyle(document.body).backgroundColor);
const seen = [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent !== null && e.innerText.trim());
return seen.map(e => {
  const ink = light(getComputedStyle(e).color);
  return {text: e.innerText.slice(0, 30), ratio: (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)};
});
"""
READ = "h1, h2, h3, p, figcaption, th, td, dt, dd, .xt, .yt, .unit, .key li, nav a, .card .what, .level"


def sheets(pdf: bytes) -> int:
    """Pages of a PDF, counted by their objects."""
    return len(re.findall(rb"/Type\s*/Page(?!s)", pdf))


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("which", ["report", "ensemble", "sheet", "member", "comparison"])
def test_no_page_is_wider_than_its_window(browser, pages, which, width, lang):
    browser.open(pages[which], width=width, height=800)
    browser.ask(f"document.querySelector('button[data-lang={lang}]').click()")
    assert browser.ask("return document.scrollingElement.scrollWidth") <= width
    assert browser.ask(WIDER_THAN_ITS_PAGE) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_follows_the_theme_of_the_system(browser, page, theme):
    browser.open(page, theme=theme)
    paper = browser.ask("return getComputedStyle(document.body).backgroundColor")
    shade = sum(int(part) for part in re.findall(r"\d+", paper)[:3]) / 3
    assert (shade < 60) == (theme == "dark")
    assert [entry for entry in browser.ask(CONTRAST, READ) if entry["ratio"] < 4.5] == []


def test_the_button_turns_the_light_over(browser, page):
    browser.open(page)
    before = browser.ask("return getComputedStyle(document.body).backgroundColor")
    browser.ask("document.getElementById('theme').click()")
    after = browser.ask("return getComputedStyle(document.body).backgroundColor")
    assert before != after
    assert [entry for entry in browser.ask(CONTRAST, READ) if entry["ratio"] < 4.5] == []
    browser.ask("document.getElementById('theme').click()")
    assert browser.ask("return getComputedStyle(document.body).backgroundColor") == before


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_on_paper_nothing_is_cut_off(browser, pages, lang):
    browser.open(pages["report"], width=695, height=1016)  # A4 between its margins
    browser.ask(f"document.querySelector('button[data-lang={lang}]').click()")
    browser.media("print")
    assert browser.ask(WIDER_THAN_ITS_PAGE) == []
    hidden = "return [...document.querySelectorAll('nav, .controls, .map input')].filter(e => e.offsetParent).length"
    assert browser.ask(hidden) == 0
    # A table that scrolls on a screen cannot scroll on paper.
    cut = "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert browser.ask(cut) == 0


def test_the_report_prints_on_some_sheets_and_the_sheet_on_one(browser, pages):
    browser.open(pages["report"])
    assert 4 <= sheets(browser.printed()) <= 30
    for lang in ("en", "ja"):
        browser.open(pages["sheet"])
        browser.ask(f"document.querySelector('button[data-lang={lang}]').click()")
        assert sheets(browser.printed()) == 1


def test_the_sheet_is_filled_and_nothing_of_it_is_cut_off(browser, pages):
    browser.open(pages["sheet"], width=703, height=1032)
    browser.media("print")
    boxes = browser.ask("""
      const main = document.querySelector('main'), room = main.getBoundingClientRect();
      return {bottom: Math.max(...[...main.children].map(s => s.getBoundingClientRect().bottom)), end: room.bottom,
              cut: [...main.children].filter(s => s.scrollHeight > s.clientHeight + 2).map(s => s.id)};
    """)
    assert boxes["cut"] == []
    assert boxes["bottom"] <= boxes["end"] + 1
    assert boxes["end"] < 1032


def test_text_alternatives_and_headings_in_order(browser, page):
    browser.open(page)
    assert browser.ask("return document.querySelectorAll('h1').length") == 1
    levels = browser.ask("return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    unnamed = """
      return [...document.querySelectorAll('svg, img, input, button')]
        .filter(e => !(e.getAttribute('aria-label') || e.innerText || e.getAttribute('aria-hidden')))
        .map(e => e.outerHTML.slice(0, 80));
    """
    assert browser.ask(unnamed) == []
    # A figure that moves by pointer alone has its numbers in a table too; one that slides takes the keyboard.
    assert browser.ask("return document.querySelector('.map input').tabIndex") == 0
