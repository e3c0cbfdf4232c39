"""The report: one static HTML page of records, with pictures of the models where their weights are at hand.

A page needs no server, script, font or file beside it. Numbers come from records alone; ``ganbench.pictures.portraits``
draws what a model makes.
"""

from ganbench.report.figures import Figure
from ganbench.report.page import Portrait, page

__all__ = ["Figure", "Portrait", "page"]
