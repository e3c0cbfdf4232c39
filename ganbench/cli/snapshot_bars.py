"""Progress over the snapshots of a training run: the plan once, then a line and the bars of each."""

from ganbench.cli.progress import Bars
from ganbench.engine.planning import PlannedRun
from ganbench.records.over_training import kimg_label


class SnapshotBars(Bars):
    """Progress bars with a line above those of each snapshot, and the plan above the first."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = False

    def planned(self, planned: PlannedRun) -> None:
        """Print which snapshot is measured."""
        if not self.begun:
            super().planned(planned)
        self.begun = True
        loaded = planned.plan.loaded
        self.console.print(f"kimg {kimg_label(loaded.kimg or 0)}: {loaded.weights}", soft_wrap=True)
