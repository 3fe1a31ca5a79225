"""SVG plots, drawn without any library. Colours and fonts come from the page (report.css)."""

import math
from html import escape

from cpu import PARTS

WIDTH = 860
SERIES = ("series1", "series2", "series3", "series4", "series5")


def svg(height, label, *parts):
    return (f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
            + "".join(parts) + "</svg>")


def text(x, y, content, anchor="start", style=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">'
            f"{escape(str(content))}</text>")


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def box(x, y, width, height, style, tip=""):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
            f' class="{style}">' + (f"<title>{escape(tip)}</title>" if tip else "") + "</rect>")


def short(number):
    """1.5, 12, 340, 12k."""
    if number >= 10_000:
        return f"{number / 1000:,.0f}k"
    return f"{number:,.0f}" if number >= 10 else f"{number:.3g}"


def legend(y, names, styles=SERIES, x=0):
    parts = []
    for name, style in zip(names, styles):
        parts += [box(x, y - 9, 10, 10, style), text(x + 15, y, name)]
        x += 40 + 6.6 * len(name)
    return "".join(parts)


def bar_label(left, y, width, rate, style):
    """In the bar, or beside it where it is too short."""
    said = f"{rate:,.0f}/s"
    return text(left + 6, y, said, style=style) if width > 75 else text(left + width + 6, y, said)


def ratios(rows):
    """Two bars a scenario, its own and its limit's, each pair on a scale of its own: the ratio is
    what matters, and the mark is the bar that it has to reach."""
    left, right, step = 330, 80, 54
    scale = WIDTH - left - right
    parts = [legend(12, ("measured", "limit"), ("series1", "limit")),
             line(205, 3, 205, 15, "mark"), text(213, 12, "at least")]
    y = 34
    for row in rows:
        largest = max(row["value"], row["limit"], row["bar"] * row["limit"])
        measured, limit = (scale * row[name] / largest for name in ("value", "limit"))
        need = left + scale * row["bar"] * row["limit"] / largest
        parts += [
            text(left - 12, y + 12, row["title"], "end", "strong"),
            text(left - 12, y + 28, row["limit_title"], "end", "quiet"),
            box(left, y, measured, 15, "series1", f"{row['value']:,.0f}/s"),
            box(left, y + 18, limit, 15, "limit", f"{row['limit']:,.0f}/s"),
            bar_label(left, y + 12, measured, row["value"], "inside"),
            bar_label(left, y + 30, limit, row["limit"], "inside-limit"),
            line(need, y - 3, need, y + 18, "mark"),
            text(WIDTH, y + 17, f"{row['ratio']:.2f}", "end",
                 "figure" if row["ratio"] >= row["bar"] else "figure missed")]
        y += step
    return svg(y, "throughput beside its limit", *parts)


class Axes:
    """A plot area; y is logarithmic."""
    LEFT, RIGHT, TOP, HEIGHT = 80, 100, 30, 300

    def __init__(self, x_of, low, high):
        self._x_of = x_of  # 0 to 1
        self._low, self._high = math.log10(low), math.log10(high)

    def x(self, value):
        return self.LEFT + self._x_of(value) * (WIDTH - self.LEFT - self.RIGHT)

    def y(self, value):
        share = (math.log10(max(value, 10 ** self._low)) - self._low) / (self._high - self._low)
        return self.TOP + self.HEIGHT * (1 - share)

    def grid(self, ticks, label):
        bottom = self.TOP + self.HEIGHT
        parts = []
        for power in range(math.ceil(self._low), math.floor(self._high) + 1):
            y = self.y(10 ** power)
            parts += [line(self.LEFT, y, WIDTH - self.RIGHT, y, "grid"),
                      text(self.LEFT - 8, y + 4, f"{10 ** power:,g} ms", "end", "quiet")]
        for value, name in ticks:
            parts += [line(self.x(value), bottom, self.x(value), bottom + 5, "axis"),
                      text(self.x(value), bottom + 20, name, "middle", "quiet")]
        parts += [line(self.LEFT, bottom, WIDTH - self.RIGHT, bottom, "axis"),
                  text((self.LEFT + WIDTH - self.RIGHT) / 2, bottom + 42, label, "middle", "quiet")]
        return "".join(parts)

    def series(self, points, style):
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        dots = "".join(
            f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3" class="{style}">'
            f"<title>{x:g}: {y:.2f} ms</title></circle>" for x, y in points)
        return f'<polyline points="{path}" class="curve {style}"/>' + dots

    def names(self, ends):
        """Names beside the ends of curves, moved apart where they would meet."""
        parts, last = [], -99
        for y, name, style in sorted((self.y(value), name, style) for value, name, style in ends):
            last = max(y, last + 15)
            parts.append(text(WIDTH - self.RIGHT + 10, last + 4, name, style=f"name {style}"))
        return "".join(parts)


def bounds(values):
    return 10 ** math.floor(math.log10(max(min(values), 0.01))), 10 ** math.ceil(
        math.log10(max(max(values), 0.1) * 1.0001))


def distribution(curves, limit_ms=None):
    """`curves`: by name, milliseconds by percentile. The tail gets as much room as the bulk."""
    def nines(percentile):
        return min(-math.log10(1 - min(percentile, 99.995) / 100), 4.05) / 4.05
    curves = {name: {float(p): ms for p, ms in curve.items() if float(p) <= 99.99}
              for name, curve in curves.items()}
    axes = Axes(nines, *bounds([ms for curve in curves.values() for ms in curve.values()]
                               + ([limit_ms] if limit_ms else [])))
    ticks = [(p, f"{p:g} %") for p in (50, 90, 99, 99.9, 99.99)]
    parts = [axes.grid(ticks, "answered within, share of requests")]
    if limit_ms:
        parts += [line(axes.LEFT, axes.y(limit_ms), axes.x(99), axes.y(limit_ms), "mark"),
                  line(axes.x(99), axes.y(limit_ms), axes.x(99), axes.TOP, "mark")]
    ends = []
    for (name, curve), style in zip(curves.items(), SERIES):
        points = sorted(curve.items())
        parts.append(axes.series(points, style))
        ends.append((points[-1][1], name, style))
    return svg(390, "latency distribution", *parts, axes.names(ends))


def latency_over_load(steps, best):
    """`steps`: results at rising constant rates."""
    most = max(step["offered"] for step in steps)
    shown = {"p50": "50.0", "p99": "99.0", "p99.9": "99.9"}
    curves = {name: [(step["offered"], step["percentiles_ms"][at]) for step in steps
                     if at in step["percentiles_ms"]] for name, at in shown.items()}
    axes = Axes(lambda rate: rate / (1.05 * most),
                *bounds([ms for points in curves.values() for _, ms in points]))
    ticks = [(step["offered"], short(step["offered"])) for step in steps]
    parts = [axes.grid(ticks, "offered requests a second"),
             line(axes.x(best), axes.TOP - 6, axes.x(best), axes.TOP + axes.HEIGHT, "mark"),
             text(axes.x(best) - 6, axes.TOP + 4, f"best: {best:,.0f}/s", "end", "quiet")]
    ends = []
    for (name, points), style in zip(curves.items(), SERIES):
        parts.append(axes.series(points, style))
        ends.append((points[-1][1], name, style))
    return svg(390, "latency over offered load", *parts, axes.names(ends))


def processors(rows, count):
    """Who used how many processors during each scenario."""
    left, right, step = 330, 60, 30
    parts = [legend(12, PARTS.values())]
    y = 30
    for row in rows:
        x, total = left, sum(row["cpu"].values())
        parts.append(text(left - 12, y + 13, row["title"], "end"))
        for name, style in zip(PARTS, SERIES):
            width = (WIDTH - left - right) * row["cpu"].get(name, 0) / max(count, total)
            parts.append(box(x, y, width, 17, style, f"{name}: {row['cpu'].get(name, 0):.2f}"))
            x += width
        parts.append(text(WIDTH, y + 13, f"{total:.2f}", "end"))
        y += step
    return svg(y, "processors used", *parts)
