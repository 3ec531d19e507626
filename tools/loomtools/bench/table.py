"""The table of results: what was measured, the goal, both figures, and their ratio."""

GOALS = {
    # (scenario, operation, figure): goal for ours / Redis's, and whether it is a ceiling.
    ("memory-p1", "set", "rps"): (">=", 1.0), ("memory-p1", "get", "rps"): (">=", 1.0),
    ("memory-p1", "set", "cpu_us"): ("<=", 1.0), ("memory-p1", "get", "cpu_us"): ("<=", 1.0),
    ("memory-p16", "set", "rps"): (">=", 1.2), ("memory-p16", "get", "rps"): (">=", 1.2),
    ("memory-p16", "set", "cpu_us"): ("<=", 0.75), ("memory-p16", "get", "cpu_us"): ("<=", 0.75),
    ("always-p1", "set", "rps"): (">=", 1.0), ("always-p1", "set", "p99"): ("<=", 1.0),
    ("always-p16", "set", "rps"): (">=", 1.2),
    ("cluster", "set", "rps"): (">=", 2.0), ("cluster", "set", "cpu_us"): ("<=", 0.6),
    ("partitions", "set", "rps"): (">=", 0.9),
}

UNITS = {"rps": "ops/s", "p50": "p50 ms", "p99": "p99 ms", "p999": "p99.9 ms",
         "cpu_us": "CPU us/op"}


class Table:
    def __init__(self):
        print("| what | goal | LoomCache | Redis | ratio |")
        print("| --- | --- | --- | --- | --- |", flush=True)

    def row(self, what, goal, ours, theirs, ratio=None):
        """Figures may be numbers or text; without a ratio it is that of the numbers."""
        if ratio is None and isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
            ratio = ours / theirs if theirs else None
        met = self._met(goal, ratio)
        shown = f"{ratio:.2f}{met}" if isinstance(ratio, (int, float)) else ""
        text = goal if isinstance(goal, str) else f"{goal[0]} {goal[1]:g} x" if goal else ""
        print(f"| {what} | {text} | {show(ours)} | {show(theirs)} | {shown} |", flush=True)

    def rows(self, scenario, operation, ours, theirs, label=None):
        """One row for each figure that both samples have."""
        for figure, unit in UNITS.items():
            if figure in ours and figure in theirs:
                self.row(f"{label or scenario}: {operation.upper()} {unit}",
                         GOALS.get((scenario, operation, figure)), ours[figure], theirs[figure])

    @staticmethod
    def _met(goal, ratio):
        if not isinstance(goal, tuple) or ratio is None:
            return ""
        sign, bound = goal
        return "" if (ratio >= bound if sign == ">=" else ratio <= bound) else " (missed)"


def show(figure):
    if figure is None:
        return "-"
    if isinstance(figure, str):
        return figure
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"
