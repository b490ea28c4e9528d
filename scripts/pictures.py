"""Draw the pictures of docs/: the page of answers and the lineage of songplays."""

import shutil
from pathlib import Path
from typing import Any

import click
from common.errors import Refused
from common.signals import PlainCommand

SHARPNESS = 1.5  # pixels of the picture for each of the page
# The page's head and first four questions; the whole page is four times as high.
PAGE = {"width": 1120, "height": 1300}
LINEAGE = {"width": 1200, "height": 460}
# Without analyses and tests, which would make it too small to read.
SONGPLAYS = "#!/overview?g_v=1&g_i=%2Bsongplays%2B&g_e=path:analyses%20path:tests"
# dbt's page draws on a canvas, and says nothing when it is done.
SETTLED = 1500  # milliseconds
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True)


@click.command(cls=PlainCommand)
@click.argument("made", type=FOLDER)
@click.argument("out", type=FOLDER)
def main(made: Path, out: Path) -> None:
    """Draw the pages in the folder MADE, in headless Chromium, into the folder OUT.

    MADE has insights.html and dbt's static_index.html, as `make pictures` makes them.
    """
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    with sync_playwright() as driver:
        browser = launch(driver, chromium)
        tab = browser.new_page(viewport=PAGE, device_scale_factor=SHARPNESS)
        tab.goto((made / "insights.html").as_uri())
        tab.screenshot(path=out / "insights.png")
        tab = browser.new_page(viewport=LINEAGE, device_scale_factor=SHARPNESS)
        open_lineage(tab, made / "static_index.html")
        tab.screenshot(path=out / "lineage.png")
        browser.close()


def find_chromium() -> str:
    """The system's browser. Raises Refused where there is none."""
    for name in ("chromium", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise Refused("there is no Chromium; on Debian and Ubuntu: `apt install chromium`")


def launch(driver: Any, chromium: str) -> Any:
    """The system's browser. As root there is no sandbox; the pages are our own."""
    return driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


def open_lineage(tab: Any, documentation: Path) -> None:
    """Show the lineage of songplays in dbt's documentation, a file."""
    tab.goto(documentation.as_uri() + SONGPLAYS)
    tab.wait_for_selector("canvas", state="attached")
    tab.wait_for_timeout(SETTLED)


if __name__ == "__main__":
    main()
