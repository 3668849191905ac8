"""What a report on classes shows: confusion, calibration, the shares of the classes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import confusion_matrix

from gatecell.evaluation.classes import CALIBRATION_BINS, ClassJudgement
from gatecell.plotting.calibration import CalibrationDisplay
from gatecell.plotting.confusion import ConfusionMatrixDisplay
from gatecell.reporting.blocks import Block, Cell, Paragraph, Picture, Section, Table, figure
from gatecell.reporting.pictures import CELLS, INK, drawn

_MOST_CLASSES = 30
"""A matrix of more has cells too small to read."""
_MOST_ROWS = 100
_MOST_LETTERS = 14
"""Of a label beside a picture."""


def class_sections(judgement: ClassJudgement, prior: Sequence[float] | None) -> list[Section]:
    """Return the sections of one label a row; ``prior`` has the shares of the classes in the training rows."""
    return [_confusion(judgement), _by_class(judgement, prior)]


def _confusion(judgement: ClassJudgement) -> Section:
    n_classes = len(judgement.classes)
    blocks: list[Block] = []
    if n_classes <= _MOST_CLASSES:
        matrix = confusion_matrix(judgement.true, judgement.decided, labels=np.arange(n_classes))
        side = min(6.5, 2.4 + 0.36 * n_classes)

        def draw_matrix(ax: Axes) -> object:
            labels = [shortened(str(label)) for label in judgement.classes.tolist()]
            return ConfusionMatrixDisplay(matrix, display_labels=labels).plot(
                ax=ax,
                cmap=CELLS,
                colorbar=False,
                text_kw={"color": INK, "fontsize": 9 if n_classes < 15 else 6},
                values_format=",d",
                xticks_rotation="vertical" if max(map(len, labels)) > 3 and n_classes > 3 else "horizontal",
            )

        blocks.append(
            Picture(
                drawn(draw_matrix, "confusion matrix", (side, side), grid=False), "Rows by true and predicted class"
            )
        )
    else:
        blocks.append(Paragraph(f"The confusion matrix of {n_classes:,} classes is too large to draw."))

    def draw_calibration(ax: Axes) -> object:
        return CalibrationDisplay.from_predictions(
            judgement.classes[judgement.true],
            judgement.probabilities,
            classes=judgement.classes,
            n_bins=CALIBRATION_BINS,
            ax=ax,
        )

    caption = "Is it as sure as it is right? The area of a dot is the share of rows that it stands for"
    blocks.append(Picture(drawn(draw_calibration, "calibration", (4.4, 4.0)), caption))
    return Section("Which classes are confused, and how sure it is", blocks)


def shortened(label: str) -> str:
    """Return a label as a picture has room for it."""
    return label if len(label) <= _MOST_LETTERS else f"{label[: _MOST_LETTERS - 1]}…"


def _by_class(judgement: ClassJudgement, prior: Sequence[float] | None) -> Section:
    rows: list[list[Cell]] = []
    for place, label in enumerate(judgement.classes.tolist()[:_MOST_ROWS]):
        true, said = judgement.true == place, judgement.decided == place
        both = int((true & said).sum())
        rows.append(
            [
                str(label),
                *([] if prior is None else [f"{prior[place]:.1%}"]),
                f"{int(true.sum()):,}",
                figure(both / int(true.sum())) if true.any() else "none there",
                figure(both / int(said.sum())) if said.any() else "never said",
            ]
        )
    headings = ["class", *([] if prior is None else ["share in training"]), "rows judged", "recall", "precision"]
    blocks: list[Block] = [Table(headings, rows)]
    if len(judgement.classes) > _MOST_ROWS:
        blocks.append(Paragraph(f"The first {_MOST_ROWS} of {len(judgement.classes):,} classes."))
    return Section("Class by class", blocks)
