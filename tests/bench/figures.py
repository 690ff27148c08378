# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures: samples and what they are judged by, printed as tables, as JSON, as Markdown."""

import statistics

from machine import DISTURBED

# unit: (factor, decimals, name shown)
UNITS = {
    "s": (1, 3, "s"),
    "ms": (1, 2, "ms"),
    "us": (1, 0, "µs"),
    "ratio": (1, 2, "×"),
    "per_s": (1, 1, "/s"),
    "pages_per_s": (1, 2, "/s"),
    "mb_per_s": (1, 1, "MB/s"),
    "bytes": (1 / 1048576, 2, "MiB"),
    "kib": (1 / 1024, 0, "KiB"),
    "percent": (1, 2, "%"),
    "share": (1, 3, ""),
    "count": (1, 0, ""),
}


def percentile(samples, percent):
    """Nearest rank."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def show(value, unit):
    factor, decimals, name = UNITS[unit]
    return f"{value * factor:.{decimals}f} {name}".rstrip()


class Figure:
    """One line: what, how much, and, where there is one, its target.

    samples are in the unit's base (seconds, bytes, ...). ratio: samples of the same quantity over
    that of a baseline in the same round. The target is for the ratio where there is one.
    """

    def __init__(self, what, samples, unit, **more):
        self.what = what
        self.samples = list(samples)
        self.unit = unit
        self.ratio = list(more.pop("ratio", ()))
        self.cpu_s = list(more.pop("cpu_s", ()))
        self.at_most = more.pop("at_most", None)
        self.at_least = more.pop("at_least", None)
        self.value = more.pop("value", None)
        self.note = more.pop("note", "")
        assert not more, more
        if self.value is None:
            self.value = statistics.median(self.samples)

    def judged(self):
        return (statistics.median(self.ratio), "ratio") if self.ratio else (self.value, self.unit)

    def target(self):
        if self.at_most is not None:
            return f"≤ {show(self.at_most, self.judged()[1])}"
        if self.at_least is not None:
            return f"≥ {show(self.at_least, self.judged()[1])}"
        return ""

    def holds(self):
        """None where nothing is asked."""
        value = self.judged()[0]
        if self.at_most is not None:
            return value <= self.at_most
        if self.at_least is not None:
            return value >= self.at_least
        return None

    def verdict(self):
        return {None: "", True: "holds", False: "falls short"}[self.holds()]

    def cells(self):
        spread = ""
        if len(self.samples) > 1:
            low, high = (show(end, self.unit) for end in (min(self.samples), max(self.samples)))
            spread = f"{low.split()[0]}–{high}"
        ratio = ""
        if self.ratio:
            middle, low, high = statistics.median(self.ratio), min(self.ratio), max(self.ratio)
            ratio = f"{middle:.2f} × ({low:.2f}–{high:.2f})"
        return {
            "": self.what,
            "median": show(self.value, self.unit),
            "min–max": spread,
            "CPU": show(statistics.median(self.cpu_s), "s") if self.cpu_s else "",
            "of the baseline": ratio,
            "target": self.target(),
            "verdict": self.verdict(),
            "note": self.note,
        }

    def json(self):
        row = {
            "what": self.what,
            "unit": self.unit,
            "value": self.value,
            "min": min(self.samples, default=self.value),
            "max": max(self.samples, default=self.value),
            "samples": self.samples,
        }
        if self.ratio:
            row |= {"ratio": self.judged()[0], "ratio_min": min(self.ratio),
                    "ratio_max": max(self.ratio)}
        if self.cpu_s:
            row["cpu_s"] = statistics.median(self.cpu_s)
        if self.holds() is not None:
            row |= {"target": self.at_most if self.at_most is not None else self.at_least,
                    "holds": self.holds()}
        if self.note:
            row["note"] = self.note
        return row


class Section:
    """The figures of one question."""

    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.figures = []
        self.remarks = []
        self.others = []  # others' shares of the machine, a sample for each measurement or None

    def add(self, what, samples, unit, **more):
        self.figures.append(Figure(what, samples, unit, **more))

    def remark(self, text):
        self.remarks.append(text)

    def disturbance(self):
        told = [share for share in self.others if share is not None]
        if not told:
            return ""
        noisy = sum(share >= DISTURBED for share in told)
        if not noisy:
            return f"the machine was quiet: others took {100 * max(told):.0f}% of it at most"
        return (
            f"NOISY: others took {100 * statistics.median(told):.0f}% of the machine (median; "
            f"{100 * max(told):.0f}% at most), {noisy} of {len(told)} measurements were disturbed"
        )

    def closing(self):
        return [text for text in [*self.remarks, self.disturbance()] if text]

    def _columns(self):
        rows = [figure.cells() for figure in self.figures]
        return [key for key in rows[0] if any(row[key] for row in rows)], rows

    def table(self):
        lines = [f"── {self.name}: {self.title}"]
        if self.figures:
            keys, rows = self._columns()
            left = {"", "verdict", "note"}
            widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in keys}
            for row in [{key: key for key in keys}, *rows]:
                cells = (
                    row[key].ljust(widths[key]) if key in left else row[key].rjust(widths[key])
                    for key in keys
                )
                lines.append("  ".join(cells).rstrip())
        return "\n".join(lines + [f"   {text}" for text in self.closing()])

    def markdown(self):
        if not self.figures:
            return "\n".join([f"**{self.name}**: {self.title}", "", "```", *self.closing(), "```", ""])
        keys, rows = self._columns()
        lines = [f"**{self.name}**: {self.title}", "", "| " + " | ".join(keys) + " |"]
        lines.append("|" + "|".join("---" if key in ("", "verdict", "note") else "--:"
                                    for key in keys) + "|")
        lines += ["| " + " | ".join(row[key] for key in keys) + " |" for row in rows]
        return "\n".join([*lines, "", *self.closing(), ""])

    def json(self):
        return {
            "section": self.name,
            "title": self.title,
            "figures": [figure.json() for figure in self.figures],
            "remarks": self.remarks,
            "others_share": self.others,
        }
