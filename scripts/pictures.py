"""Draw the pictures of docs/ from sample data: the page of answers and the lineage."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from common.errors import Refused, WarehouseError
from common.messages import say
from common.settings import PROJECT
from common.signals import PlainCommand

BIN = Path(sys.executable).parent
SCRIPTS = PROJECT / "scripts"
SHARPNESS = 1.5  # pixels of the picture for each of the page
# The page's head and first four questions; the whole page is four times as high.
PAGE = {"width": 1120, "height": 1300}
LINEAGE = {"width": 1200, "height": 460}
# Without analyses and tests, which would make it too small to read.
SONGPLAYS = "#!/overview?g_v=1&g_i=%2Bsongplays%2B&g_e=path:analyses%20path:tests"
# dbt's page draws on a canvas, and says nothing when it is done.
SETTLED = 1500  # milliseconds


@click.command(
    cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=PROJECT / "docs",
    show_default="docs",
    help="The folder to write insights.png and lineage.png to.",
)
def main(out: Path) -> None:
    """Draw the page of answers and the lineage of songplays, in headless Chromium."""
    out = out.absolute()
    chromium = find_chromium()
    with tempfile.TemporaryDirectory() as folder:
        page, documentation = pages(Path(folder))
        draw(chromium, page, documentation, out)
    for name in ("insights.png", "lineage.png"):
        click.echo(out / name)


def find_chromium() -> str:
    """The system's browser. Raises Refused where there is none."""
    for name in ("chromium", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise Refused("there is no Chromium; on Debian and Ubuntu: `apt install chromium`")


def pages(folder: Path) -> tuple[Path, Path]:
    """The page of answers and dbt's documentation, of a warehouse of sample data."""
    sample, page, target = folder / "sample", folder / "page.html", folder / "target"
    os.environ |= {
        "SPARKIFY_DUCKDB": str(folder / "sparkify.duckdb"),
        "DBT_TARGET_PATH": str(target),
        "DBT_TARGET": "dev",
    }
    files: list[str | Path] = [
        "--events",
        sample / "log_data",
        "--songs",
        sample / "song_data",
    ]
    steps: dict[str, list[str | Path]] = {
        "sample data": [sys.executable, SCRIPTS / "sample_data.py", sample],
        "a warehouse": [sys.executable, SCRIPTS / "warehouse.py", "run", *files],
        "the page": [sys.executable, SCRIPTS / "insights.py", "--out", page],
        "the documentation": [BIN / "dbt", "--quiet", "docs", "generate", "--static"],
    }
    for made, words in steps.items():
        done = subprocess.run(
            words, cwd=PROJECT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stdout + done.stderr).strip().splitlines()[-1:]
            raise WarehouseError(f"cannot make {made}: {' '.join(last)}")
        say(f"made {made}")
    return page, target / "static_index.html"


def draw(chromium: str, page: Path, documentation: Path, out: Path) -> None:
    """Both pictures; raises Refused where Playwright is not installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise Refused("Playwright is not installed; `make pictures` does it") from None
    with sync_playwright() as driver:
        browser = launch(driver, chromium)
        tab = browser.new_page(viewport=PAGE, device_scale_factor=SHARPNESS)
        tab.goto(page.as_uri())
        shot(tab, out / "insights.png")
        tab = browser.new_page(viewport=LINEAGE, device_scale_factor=SHARPNESS)
        open_lineage(tab, documentation)
        shot(tab, out / "lineage.png")
        browser.close()


def launch(driver: Any, chromium: str) -> Any:
    """The system's browser. As root there is no sandbox; the pages are our own."""
    return driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


def open_lineage(tab: Any, documentation: Path) -> None:
    """Show the lineage of songplays in dbt's documentation, a file."""
    tab.goto(documentation.as_uri() + SONGPLAYS)
    tab.wait_for_selector("canvas", state="attached")
    tab.wait_for_timeout(SETTLED)


def shot(tab: Any, file: Path) -> None:
    """What the window shows, as a picture."""
    file.parent.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=file)


if __name__ == "__main__":
    main()
