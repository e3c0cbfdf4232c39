"""Quick checks of what may go wrong in a run: the machine, the weights, the images."""

from ganbench.doctor.finding import Finding, Level
from ganbench.doctor.images import examine_images
from ganbench.doctor.machine import examine_machine
from ganbench.doctor.weights import examine_weights

__all__ = ["Finding", "Level", "examine_images", "examine_machine", "examine_weights"]
