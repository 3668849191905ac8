"""Photograph the first screen of reports at phone, laptop and print width: docs/images/reports/NAME-WIDTH.png.

    python scripts/photograph_reports.py REPORT.html ...

Needs Chromium and, for the page as it prints, pdftoppm of poppler-utils. A picture is named after the folder that its
report lies in: a run's.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

FOLDER = Path("docs/images/reports")
WIDTHS = {"phone": (390, 1400), "laptop": (1280, 1500)}
MOST_BYTES, COLOURS = 60_000, 64
_CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


def main(reports: list[str]) -> None:
    """Photograph each report."""
    for report in map(Path, reports):
        name, address = report.resolve().parent.name, report.resolve().as_uri()
        with tempfile.TemporaryDirectory() as folder:
            for width, size in WIDTHS.items():
                path = Path(folder) / f"{width}.png"
                _run(*_CHROMIUM, f"--window-size={size[0]},{size[1]}", f"--screenshot={path}", address)
                save(path.read_bytes(), FOLDER / f"{name}-{width}.png")
            pdf = Path(folder) / "print.pdf"
            _run(*_CHROMIUM, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", address)
            _run("pdftoppm", "-r", "80", "-f", "1", "-l", "1", "-png", "-singlefile", pdf, pdf.with_suffix(""))
            save(pdf.with_suffix(".png").read_bytes(), FOLDER / f"{name}-print.png")


def save(picture: bytes, path: Path) -> None:
    """Write a PNG of few colours, so chosen that a thin line keeps its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{path} has {size:,} bytes, more than {MOST_BYTES:,}.")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main(sys.argv[1:])
