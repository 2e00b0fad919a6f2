"""A page of charts with logarithmic axes, as SVG: panels in rows and columns, one legend for all."""
import collections
import html
import math

# points: (x, y), in the order of x.
Series = collections.namedtuple("Series", "name colour dash points")
Panel = collections.namedtuple("Panel", "title x_label y_label series")

PANEL_WIDTH, PANEL_HEIGHT = 300, 220
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 46  # of a panel's box
LEGEND_HEIGHT, LEGEND_STEP = 34, 210
INK, RULE = "#222222", "#dddddd"


class Axis:
    """A logarithmic axis over values, from one pixel to another."""

    def __init__(self, values, start, end):
        self.low, self.high = min(values), max(values)
        room = (self.high / self.low) ** 0.05 if self.high > self.low else 2
        self.low, self.high = self.low / room, self.high * room
        self.start, self.end = start, end

    def pixel(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        """1, 2 and 5 times powers of ten, or only these powers where they are many."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1, 2, 5) if last - first <= 4 else (1,)
        values = [factor * 10.0 ** power for power in range(first, last + 1) for factor in factors]
        return [value for value in values if self.low <= value <= self.high]


def spaced(values, axis, least):
    """The values that are far enough from the one before, in pixels, to have a label."""
    kept = []
    for value in values:
        if not kept or abs(axis.pixel(value) - axis.pixel(kept[-1])) >= least:
            kept.append(value)
    return kept


def number(value):
    return "{:,.0f}".format(value) if value >= 1 else "%g" % value


def text(x, y, words, anchor="middle", more=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (x, y, anchor, more, html.escape(words))


def line(x0, y0, x1, y1, colour):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>' % (x0, y0, x1, y1, colour)


def draw_axes(panel, x, y, box):
    left, top, right, bottom = box
    parts = []
    for value in spaced(sorted({px for s in panel.series for px, _ in s.points}), x, 24):
        parts += [line(x.pixel(value), top, x.pixel(value), bottom, RULE), text(x.pixel(value), bottom + 15, number(value))]
    for value in y.ticks():
        parts += [line(left, y.pixel(value), right, y.pixel(value), RULE), text(left - 5, y.pixel(value) + 4, number(value), "end")]
    parts += [line(left, bottom, right, bottom, INK), line(left, top, left, bottom, INK),
              text((left + right) / 2, top - 10, panel.title, more=' font-weight="bold"'),
              text((left + right) / 2, bottom + 33, panel.x_label)]
    turned = left - 46, (top + bottom) / 2
    parts.append(text(*turned, panel.y_label, more=' transform="rotate(-90 %.1f %.1f)"' % turned))
    return parts


def draw_series(series, x, y):
    places = [(x.pixel(px), y.pixel(py)) for px, py in series.points]
    way = " ".join("%.1f,%.1f" % place for place in places)
    parts = ['<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>' % (way, series.colour, dashes(series))]
    return parts + ['<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>' % (*place, series.colour) for place in places]


def dashes(series):
    return ' stroke-dasharray="%s"' % series.dash if series.dash else ""


def draw_panel(panel, left, top):
    box = left + LEFT, top + TOP, left + PANEL_WIDTH - RIGHT, top + PANEL_HEIGHT - BOTTOM
    points = [point for series in panel.series for point in series.points]
    if not points:
        return []
    x, y = Axis([p[0] for p in points], box[0], box[2]), Axis([p[1] for p in points], box[3], box[1])
    return draw_axes(panel, x, y, box) + [part for series in panel.series for part in draw_series(series, x, y)]


def draw_legend(series):
    parts = []
    for i, one in enumerate(series):
        x = LEFT + i * LEGEND_STEP
        parts += ['<line x1="%d" y1="20" x2="%d" y2="20" stroke="%s" stroke-width="2"%s/>' % (x, x + 34, one.colour, dashes(one)),
                  text(x + 40, 24, one.name, "start")]
    return parts


def page(rows):
    """The SVG of rows of panels, whose series all have the first panel's names."""
    width = max(PANEL_WIDTH * max(len(row) for row in rows), LEFT + LEGEND_STEP * len(rows[0][0].series))
    height = LEGEND_HEIGHT + PANEL_HEIGHT * len(rows)
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"' % (width, height, width, height)
             + ' font-family="sans-serif" font-size="11" fill="%s">' % INK,
             '<rect width="100%" height="100%" fill="white"/>']
    parts += draw_legend(rows[0][0].series)
    for i, row in enumerate(rows):
        for k, panel in enumerate(row):
            parts += draw_panel(panel, k * PANEL_WIDTH, LEGEND_HEIGHT + i * PANEL_HEIGHT)
    return "\n".join(parts + ["</svg>", ""])
