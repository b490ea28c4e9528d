"""The page in a real browser: it fits, it can be read, and it asks nobody for anything.

Skipped where there is no Chromium or no Playwright to drive it.
"""

import json
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from common.settings import PROJECT
from dbt_colibri.cli.cli import cli as colibri
from support.helpers import DataSet
from support.insights_page import Page

playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if not CHROMIUM:
    pytest.skip("no Chromium", allow_module_level=True)

DESK, PHONE = 1280, 390
A4 = 688  # CSS pixels between the margins of a printed page

# Words of up to 20 letters that stand on more than one line.
BROKEN = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let node; node = walk.nextNode();) {
    for (const word of node.data.matchAll(/[A-Za-z0-9.,%]+/g)) {
      const before = node.data.slice(0, word.index).match(/\\S*$/)[0];
      if ((before + word[0]).length > 20) continue;  // part of an address, perhaps
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top)));
      if (lines.size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""

# Elements that reach out of the page, or whose content does.
OVERFLOWING = """() => [...document.body.querySelectorAll('*')].filter(element => {
  const box = element.getBoundingClientRect();
  const inline = getComputedStyle(element).display === 'inline';
  return box.width > 0 && (
    box.left < 0 || box.right > document.documentElement.clientWidth + 0.5
    || (!inline && element.scrollWidth > element.clientWidth + 1)
  );
}).map(element => element.outerHTML.slice(0, 100))"""

# How far each bar is from the length that its number asks for, in pixels.
WRONG_BARS = """() => [...document.querySelectorAll('table')].flatMap(table => {
  const bars = [...table.querySelectorAll('td.bar i')].map(bar => [
    Number(bar.style.getPropertyValue('--value')), bar.getBoundingClientRect().width,
    bar.parentElement.getBoundingClientRect().width]);
  const longest = Math.max(...bars.map(([value]) => value));
  return bars.filter(([value, width, track]) =>
    track < 30 || Math.abs(width - Math.max(track * value / longest, 1)) > 0.6);
})"""

OPEN = "() => document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # As root there is no sandbox; the pages are our own.
        options = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
        browser = driver.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(hostile: Page, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a browser finds the page with names that are hard to show."""
    path = tmp_path_factory.mktemp("insights") / "insights.html"
    path.write_text(hostile.html, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_everybody_can_read_it_and_nothing_overflows(
    chromium: Any, address: str, width: int, scheme: str
) -> None:
    """It makes no request, and says nothing on the console."""
    window = {"width": width, "height": 900}
    page = chromium.new_page(viewport=window, color_scheme=scheme)
    seen: list[str] = []
    said: list[object] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(error.message))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert [url for url in seen if not url.startswith("data:")] == [address]
    assert page.title() == "What Sparkify's users listen to"
    page.evaluate(OPEN)
    for wrong in (OVERFLOWING, BROKEN, WRONG_BARS):
        assert page.evaluate(wrong) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert said == []
    found = axe.Axe().run(page).response
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == (
        []
    )
    assert len(found["passes"]) > 20
    page.close()


def test_it_prints_on_a4(chromium: Any, address: str) -> None:
    page = chromium.new_page(viewport={"width": A4, "height": 1000})
    page.goto(address)
    page.emulate_media(media="print")
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(BROKEN) == []
    pdf = page.pdf(prefer_css_page_size=True)
    sheets = pdf.count(b"/Type /Page\n")
    assert 2 <= sheets <= 6
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf
    page.close()


def test_a_column_is_followed_to_its_source_without_a_request(
    chromium: Any, sample_set: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_set.warehouse.done("docs", "generate", "--target-path", str(tmp_path))
    # As `make docs` does, with its own options.
    recipe = (PROJECT / "Makefile").read_text(encoding="utf-8")
    (option,) = re.findall(r"colibri generate (--[a-z-]+)", recipe)
    monkeypatch.setenv("DBT_COLIBRI_NO_VERSION_CHECK", "1")
    words = ["generate", option, "--output-dir", f"{tmp_path}"]
    words += ["--manifest", f"{tmp_path}/manifest.json"]
    words += ["--catalog", f"{tmp_path}/catalog.json"]
    done = CliRunner().invoke(colibri, words)
    assert done.exit_code == 0, done.output
    made = json.loads((tmp_path / "colibri-manifest.json").read_text(encoding="utf-8"))
    ways = {
        tuple(edge[end] for end in ("source", "sourceColumn", "target", "targetColumn"))
        for edge in made["lineage"]["edges"]
    }
    steps = [
        ("source.sparkify.sparkify.staging_events", "ts"),
        ("model.sparkify.stg_events", "occurred_at"),
        ("model.sparkify.int_user_steps", "occurred_at"),
        ("model.sparkify.user_levels", "valid_from"),
    ]
    assert {(*source, *target) for source, target in pairwise(steps)} <= ways
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_selector(".react-flow__node")
    page.wait_for_load_state("networkidle")
    assert len(asked) == 1, "the page itself"
    page.close()
