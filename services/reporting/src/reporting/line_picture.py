"""Draws a line of values as a PNG for mail, which shows no SVG. Words and numbers stay text."""

from io import BytesIO
from itertools import pairwise
from typing import Final

from PIL import Image, ImageDraw

from reporting.domain.letters import Picture

WIDTH: Final = 560
HEIGHT: Final = 120
"""As it is shown, in CSS pixels; it is drawn twice as fine."""
_FINE: Final = 2
_MARGIN: Final = 14
_INK, _GRID, _PAPER = (0, 0, 191), (200, 200, 208), (255, 255, 255)


def drawn(picture: Picture) -> bytes:
    """The picture as PNG: a dot a value, lines between neighbours, a gap where there is none.

    The lines at the top and at the bottom are the ends of the metric's scale.
    """
    image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), _PAPER)
    pen = ImageDraw.Draw(image)
    for at in (0.0, 0.5, 1.0):
        y = _y(at)
        pen.line((0, y, WIDTH * _FINE, y), _GRID, _FINE)
    points = _points(picture)
    for one, other in pairwise(points):
        if one and other:
            pen.line((*one, *other), _INK, 3 * _FINE)
    size = 5 * _FINE
    for point in points:
        if point:
            x, y = point
            pen.ellipse((x - size, y - size, x + size, y + size), _INK)
    file = BytesIO()
    image.quantize(16).save(file, "PNG", optimize=True)
    return file.getvalue()


def _points(picture: Picture) -> list[tuple[float, float] | None]:
    low, high = picture.scale
    step = WIDTH / len(picture.values)  # each in the middle of its column of the table beneath
    return [
        None if value is None else ((number + 0.5) * step * _FINE, _y((value - low) / (high - low)))
        for number, value in enumerate(picture.values)
    ]


def _y(part: float) -> float:
    return (HEIGHT - _MARGIN - part * (HEIGHT - 2 * _MARGIN)) * _FINE
