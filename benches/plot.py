#!/usr/bin/env python3
"""Draws the plots of docs/performance/ from the benchmarks' lines of JSON.

    benches/plot.py [--into FOLDER] [FILE ...]      standard input where no file is given

Lines that are no JSON are passed over; of two lines with the same parameters the later one counts.
Each plot is drawn when its figures are there. Python's standard library is all that it needs.
"""

import html
import json
import math
import sys
from pathlib import Path

INK, SOFT, GRID, PAPER, RIM = "#1f2933", "#52606d", "#e4e7eb", "#ffffff", "#cbd2d9"
# Told apart also by people who see few colours (Okabe and Ito).
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#4d4d4d", "#8c6d31"]
LIMIT = "#b00020"
WIDTH = 860
MEASURED = {"value", "unit", "yardstick", "yardstick_value", "ratio", "runs", "sessions", "messages"}


def read(paths):
    """The figures by name: each a list of dictionaries."""
    texts = [Path(path).read_text() for path in paths] if paths else [sys.stdin.read()]
    found = {}
    for line in "\n".join(texts).splitlines():
        try:
            figure = json.loads(line)
        except ValueError:
            continue
        if isinstance(figure, dict) and "figure" in figure:
            found[identity(figure)] = figure
    figures = {}
    for figure in found.values():
        # The peers have figures of the same names as ours, with other parameters.
        figures.setdefault("peers" if "peer" in figure else figure["figure"], []).append(figure)
    return figures


def identity(figure):
    """What a figure is of: its parameters, which stand before its value."""
    names = list(figure)
    before = names[: names.index("value")] if "value" in names else names
    return tuple((name, str(figure[name])) for name in before if name not in MEASURED)


def short(value):
    """A number as an axis shows it."""
    for scale, suffix in [(1e6, "M"), (1e3, "k")]:
        if abs(value) >= scale:
            return f"{value / scale:.3g}{suffix}"
    return f"{value:.3g}"


def ticks(low, high, count=5):
    """Round numbers between two."""
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * times for times in [1, 2, 2.5, 5, 10] if power * times >= rough)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def text_width(text, size):
    return len(text) * size * 0.56


class Svg:
    """A picture with a background of its own, so that it reads on any page."""

    def __init__(self, height, title, subtitle):
        self.height, self.parts = height, []
        self.text(24, 34, title, size=17, weight="600")
        self.text(24, 54, subtitle, size=12, colour=SOFT)

    def text(self, x, y, text, size=12, colour=INK, anchor="start", weight="400", turn=0):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}" paint-order="stroke" stroke="{PAPER}" stroke-width="3"{turned}>{html.escape(text)}</text>'
        )

    def line(self, points, colour, width=1.0, dashes=None):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def dot(self, x, y, colour):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')

    def box(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def legend(self, x, y, entries, dashed=()):
        for name, colour in entries:
            if name in dashed:
                self.line([(x, y - 4), (x + 18, y - 4)], colour, 2, "5 4")
            else:
                self.box(x + 2, y - 11, 13, 13, colour)
            self.text(x + 24, y, name)
            y += 20

    def legend_row(self, x, y, entries, dashed=()):
        for name, colour in entries:
            self.legend(x, y, [(name, colour)], dashed)
            x += 46 + text_width(name, 12)

    def write(self, path):
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}" font-family="system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif">'
        )
        paper = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{self.height - 1}" rx="8" fill="{PAPER}" stroke="{RIM}"/>'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([head, paper, *self.parts, "</svg>\n"]))
        print(path)


class Axes:
    """The rectangle that is drawn in, and how numbers become places in it."""

    def __init__(self, svg, left, top, right, bottom):
        self.svg, self.left, self.top, self.right, self.bottom = svg, left, top, right, bottom

    def set_x(self, low, high, log=False):
        self.x = self._scale(low, high, self.left, self.right, log)

    def set_y(self, low, high, log=False):
        self.y = self._scale(low, high, self.bottom, self.top, log)

    @staticmethod
    def _scale(low, high, start, end, log):
        if log:
            low, high = math.log10(low), math.log10(high)
            return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)
        return lambda value: start + (value - low) / (high - low) * (end - start)

    def grid_y(self, values, label, word=short):
        for value in values:
            self.svg.line([(self.left, self.y(value)), (self.right, self.y(value))], GRID)
            self.svg.text(self.left - 8, self.y(value) + 4, word(value), colour=SOFT, anchor="end")
        middle = (self.top + self.bottom) / 2
        self.svg.text(22, middle, label, colour=SOFT, anchor="middle", turn=-90)

    def marks_x(self, marks, label):
        for value, name in marks:
            self.svg.line([(self.x(value), self.bottom), (self.x(value), self.bottom + 5)], SOFT)
            self.svg.text(self.x(value), self.bottom + 20, name, colour=SOFT, anchor="middle")
        self.svg.line([(self.left, self.bottom), (self.right, self.bottom)], SOFT)
        self.svg.text((self.left + self.right) / 2, self.bottom + 42, label, colour=SOFT, anchor="middle")

    def series(self, points, colour):
        places = [(self.x(x), self.y(y)) for x, y in points]
        self.svg.line(places, colour, 2)
        for x, y in places:
            self.svg.dot(x, y, colour)

    def limit(self, value, name):
        self.svg.line([(self.left, self.y(value)), (self.right, self.y(value))], LIMIT, 1.5, "6 4")
        self.svg.text(self.left + 8, self.y(value) - 6, name, colour=LIMIT)


def powers(low, high):
    """Powers of ten from one at most `low` to one at least `high`."""
    return [10.0**n for n in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def label_clients(clients):
    return "1 client" if clients == 1 else f"{clients:,} clients"


def bars(svg, top, rows, left, high, row_height=22):
    """Horizontal bars from rows of (name, value, colour); gives where they end."""
    scale = (WIDTH - 110 - left) / high
    for name, value, colour in rows:
        svg.text(left - 10, top + 14, name, anchor="end")
        svg.box(left, top + 3, max(value * scale, 1), row_height - 7, colour)
        svg.text(left + value * scale + 8, top + 14, f"{value:,.0f}", colour=SOFT)
        top += row_height
    return top


def creations(figures, into):
    found = figures.get("session_creation", [])
    if not found:
        return
    panels = []
    for clients in sorted({figure["clients"] for figure in found}):
        rows = []
        of_panel = [figure for figure in found if figure["clients"] == clients]
        of_panel.sort(key=lambda figure: (figure["lines"], figure["contacts"], figure["log"]))
        for figure in of_panel:
            lines = "1 line" if figure["lines"] == 1 else f"{figure['lines']} lines"
            contacts = "each contact once" if figure["contacts"] == "once" else "contacts shared"
            log = "on disk" if figure["log"] == "disk" else "in memory"
            rows.append((f"{lines}, {contacts}, {log}", figure["value"], COLOURS[0 if log == "on disk" else 5]))
        panels.append((label_clients(clients), rows))
    bars_in_panels(
        panels,
        "Creations of sessions per second",
        "A burst in a closed loop, through actors, rules and projections; each group of clients on a scale of its own",
        [("log on disk, durable before the answer", COLOURS[0]), ("log in memory", COLOURS[5])],
        into / "creations.svg",
    )


def bars_in_panels(panels, title, subtitle, legend, path):
    height = 104 + sum(44 + 22 * len(rows) for _, rows in panels)
    svg = Svg(height, title, subtitle)
    svg.legend_row(24, 82, legend)
    top = 112
    for name, rows in panels:
        svg.text(24, top, name, size=13, weight="600")
        top = bars(svg, top + 8, rows, 286, max(value for _, value, _ in rows)) + 36
    svg.write(path)


def peers(figures, into):
    found = [figure for figure in figures.get("peers", []) if "/s" in figure.get("unit", "")]
    if not found:
        return
    panels = []
    for name, clients in sorted({(figure["figure"], figure["clients"]) for figure in found}):
        of_panel = [figure for figure in found if (figure["figure"], figure["clients"]) == (name, clients)]
        of_panel.sort(key=lambda figure: -figure["value"])
        rows = [
            (
                figure["peer"].replace("_", " "),
                figure["value"],
                COLOURS[0] if figure["peer"] == "switchboard" else COLOURS[5],
            )
            for figure in of_panel
        ]
        kind = "sustained" if name.endswith("sustained") else "burst"
        panels.append((f"{label_clients(clients)}, {kind}", rows))
    bars_in_panels(
        panels,
        "Creations per second beside other stores",
        "Measured in the same run on the same machine; each group of clients on a scale of its own",
        [("switchboard", COLOURS[0]), ("others", COLOURS[5])],
        into / "peers.svg",
    )


def latencies(figures, into):
    found = [figure for figure in figures.get("session_creation", []) if figure["log"] == "disk"]
    chosen = {}
    for figure in sorted(found, key=lambda figure: (figure["lines"], figure["contacts"])):
        chosen[figure["clients"]] = figure
    series = [(f"creation, {label_clients(clients)}", figure) for clients, figure in sorted(chosen.items())]
    for figure in figures.get("session_creation_offered", []):
        series.append((f"creation, {figure['rate']:,} offered a second", figure))
    for figure in figures.get("messages", []):
        if figure["log"] == "disk" and figure.get("senders") == 64:
            series.append((f"message, 64 senders, actors {figure['actors']}", figure))
        elif figure.get("rate"):
            series.append((f"message, {figure['rate']:,} offered a second", figure))
    if not series:
        return
    names = [("p50_us", "50 %"), ("p90_us", "90 %"), ("p99_us", "99 %"), ("p999_us", "99.9 %"), ("max_us", "longest")]
    values = [figure[name] / 1000 for _, figure in series for name, _ in names]
    svg = Svg(440, "How long an answer takes", "Durable before the answer; median run; milliseconds on a scale of powers of ten")
    axes = Axes(svg, 108, 80, 560, 372)
    marks = powers(max(min(values), 0.001), max(values))
    axes.set_x(0, len(names) - 1)
    axes.set_y(marks[0], marks[-1], log=True)
    axes.grid_y(marks, "latency", lambda value: f"{value:,g} ms")
    axes.marks_x([(at, name) for at, (_, name) in enumerate(names)], "share of answers that came sooner")
    for (_, figure), colour in zip(series, COLOURS):
        axes.series([(at, max(figure[name] / 1000, marks[0])) for at, (name, _) in enumerate(names)], colour)
    svg.legend(588, 100, [(name, colour) for (name, _), colour in zip(series, COLOURS)])
    svg.write(into / "latency.svg")


FLAT = [
    ("creation_cpu", "creation, processor time"),
    ("creation", "creation, one client"),
    ("activation_open", "first command, open session"),
    ("activation_closed", "first command, closed session"),
    ("session", "a session's row"),
    ("transcript", "transcript"),
    ("card", "card, first page"),
    ("list_closed", "list of closed, first page"),
    ("list_active", "list of active, first page"),
]


def flat(figures, into):
    found = figures.get("flat", [])
    sizes = sorted({figure["events"] for figure in found})
    if len(sizes) < 2:
        return
    series = []
    for (of, name), colour in zip(FLAT, COLOURS):
        points = sorted((figure["events"], figure["ratio"]) for figure in found if figure["of"] == of and figure["ratio"])
        if points:
            series.append((name, points, colour))
    high = max(2.2, max(ratio for _, points, _ in series for _, ratio in points) * 1.05)
    svg = Svg(440, "What a long log costs", "Each figure as a multiple of the same on the shortest log; at most 2 is wanted")
    axes = Axes(svg, 84, 80, 580, 372)
    axes.set_x(sizes[0], sizes[-1], log=True)
    axes.set_y(0, high)
    axes.grid_y(ticks(0, high), "multiple of the shortest log", lambda value: f"{value:g} ×")
    axes.marks_x([(size, f"{size:,}") for size in sizes], "events in the log")
    axes.limit(2, "twice")
    for _, points, colour in series:
        axes.series(points, colour)
    svg.legend(606, 100, [(name, colour) for name, _, colour in series])
    svg.write(into / "flat.svg")


def disk(figures, into):
    found = sorted(figures.get("disk_over_day", []), key=lambda figure: figure["hour"])
    if not found:
        return
    parts = [("log_mb", "log", COLOURS[0]), ("index_mb", "index", COLOURS[4]), ("views_mb", "projections", COLOURS[2])]
    limits = [figure["yardstick_value"] * 2 for figure in found]
    high = max(max(figure["value"] for figure in found), max(limits)) * 1.12
    last = found[-1]
    subtitle = f"{last['sessions_per_hour']:,} sessions opened and closed an hour, {last['open']} open at a time; {last['events']:,} events in the end"
    svg = Svg(440, "Disk per event over a simulated day", subtitle)
    axes = Axes(svg, 84, 80, 640, 372)
    axes.set_x(0.4, found[-1]["hour"] + 0.6)
    axes.set_y(0, high)
    axes.grid_y(ticks(0, high), "bytes on disk per event")
    for figure in found:
        left, base = axes.x(figure["hour"] - 0.36), axes.bottom
        width = axes.x(figure["hour"] + 0.36) - left
        for name, _, colour in parts:
            height = axes.bottom - axes.y(figure[name] * 2**20 / figure["events"])
            svg.box(left, base - height, width, height, colour)
            base -= height
    axes.marks_x([(figure["hour"], str(figure["hour"])) for figure in found if figure["hour"] % 3 == 0], "simulated hour")
    for times, colour in [(1, INK), (2, LIMIT)]:
        points = [(axes.x(figure["hour"]), axes.y(figure["yardstick_value"] * times)) for figure in found]
        svg.line(points, PAPER, 4)
        svg.line(points, colour, 2, "5 4")
    dashed = ["event in the log", "twice that"]
    entries = [(name, colour) for _, name, colour in reversed(parts)]
    svg.legend(664, 100, [*entries, (dashed[1], LIMIT), (dashed[0], INK)], dashed)
    svg.write(into / "disk.svg")


def memory(figures, into):
    rows = []
    for figure in sorted(figures.get("flat", []), key=lambda figure: figure["events"]):
        words = {"resident_opened_mb": "opened", "resident_active_mb": "320 sessions active"}
        if figure["of"] in words:
            colour = COLOURS[5] if figure["of"] == "resident_opened_mb" else COLOURS[0]
            rows.append((f"{figure['events']:,} events, {words[figure['of']]}", figure["value"], colour))
    panels = [("As the log grows", rows)] if rows else []
    for figure in figures.get("memory", []):
        rows = [("opened", figure["opened_mb"], COLOURS[5]), (f"{figure['open']:,} sessions active", figure["value"], COLOURS[0])]
        panels.append((f"{figure['closed']:,} closed and {figure['open']:,} open sessions; at most 300 MB is wanted of 1,000,000 and 10,000", rows))
    if panels:
        legend = [("store opened, lists read", COLOURS[5]), ("open sessions active", COLOURS[0])]
        bars_in_panels(panels, "Resident memory", "Megabytes, of a process of its own", legend, into / "memory.svg")


def opening(figures, into):
    found = figures.get("open", [])
    sizes = sorted({figure["events"] for figure in found})
    if len(sizes) < 2:
        return
    values = [figure["value"] for figure in found]
    marks = powers(min(values), max([*values, 2]))
    svg = Svg(440, "Opening an engine", "Seconds until the first list is read, in a process of its own; scales of powers of ten")
    axes = Axes(svg, 84, 80, 620, 372)
    axes.set_x(sizes[0], sizes[-1], log=True)
    axes.set_y(marks[0], marks[-1], log=True)
    axes.grid_y(marks, "time to the first list", lambda value: f"{value:,g} s")
    axes.marks_x([(size, f"{size:,}") for size in sizes], "events in the log")
    axes.limit(2, "2 s, wanted of 10,000,000 events")
    series = [
        ("tail", False, "end checked, cold", COLOURS[0]),
        ("tail", True, "end checked, warm", COLOURS[5]),
        ("all", False, "all checked, cold", COLOURS[1]),
        ("all", True, "all checked, warm", COLOURS[4]),
    ]
    for verify, warm, _, colour in series:
        chosen = [figure for figure in found if figure["verify"] == verify and (figure["page_cache"] == "warm") == warm]
        axes.series(sorted((figure["events"], figure["value"]) for figure in chosen), colour)
    svg.legend(646, 100, [(name, colour) for _, _, name, colour in series])
    svg.text(646, 196, "cold: page cache emptied before", colour=SOFT, size=11)
    svg.write(into / "open.svg")


def sustained(figures, into):
    found = sorted(figures.get("session_creation_sustained", []), key=lambda figure: figure["clients"])
    found = [figure for figure in found if len(figure["per_second"]) > 1]
    if not found:
        return
    high = max(max(figure["per_second"]) for figure in found) * 1.08
    longest = max(len(figure["per_second"]) for figure in found)
    svg = Svg(440, "Sustained creations per second", "Durable before the answer; the rate of each second, until reads see everything")
    axes = Axes(svg, 84, 80, 620, 372)
    axes.set_x(1, longest)
    axes.set_y(0, high)
    axes.grid_y(ticks(0, high), "creations per second")
    seconds = [second for second in ticks(1, longest) if second == int(second)]
    axes.marks_x([(second, str(int(second))) for second in seconds], "seconds since the start")
    for figure, colour in zip(found, COLOURS):
        svg.line([(axes.x(at + 1), axes.y(rate)) for at, rate in enumerate(figure["per_second"])], colour, 2)
    svg.legend(646, 100, [(label_clients(figure["clients"]), colour) for figure, colour in zip(found, COLOURS)])
    for at, figure in enumerate(found):
        y = 170 + 54 * at
        svg.text(646, y, label_clients(figure["clients"]) + ":", colour=SOFT)
        svg.text(646, y + 18, f"at most {figure['lag_max_events']:,} events behind", colour=SOFT, size=11)
    svg.write(into / "sustained.svg")


def main():
    arguments, into = sys.argv[1:], Path(__file__).resolve().parent.parent / "docs" / "performance"
    if "--into" in arguments:
        at = arguments.index("--into")
        into = Path(arguments[at + 1])
        del arguments[at : at + 2]
    figures = read(arguments)
    for draw in [creations, peers, latencies, sustained, flat, disk, memory, opening]:
        draw(figures, into)


if __name__ == "__main__":
    main()
