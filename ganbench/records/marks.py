"""Signs of tables as text: arrows, marks of notes and the sign before an error, also in ASCII."""

from ganbench.records.columns import LETTERS
from ganbench.records.grid import Entry, Heading
from ganbench.records.names import THOUSANDTHS
from ganbench.records.notes import DASH
from ganbench.records.table_cells import Rank

ARROWS = {True: " ↑", False: " ↓", None: ""}
PLAIN_ARROWS = {True: " (higher)", False: " (lower)", None: ""}
SUPERSCRIPTS = str.maketrans(LETTERS, "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
PLAIN = str.maketrans({"±": "+-"})
STARS: dict[Rank | None, str] = {"best": "*", "second": "_", None: " "}


def name(heading: Heading, plain: bool) -> str:
    """Return a heading with its direction and mark, without its details."""
    arrows = PLAIN_ARROWS if plain else ARROWS
    title = heading.title.replace(THOUSANDTHS, " x 10^3") if plain else heading.title
    return f"{title}{arrows[heading.higher_is_better]}{superscript(heading.mark, plain)}"


def superscript(mark: str, plain: bool) -> str:
    """Return a mark as superscript, or in brackets."""
    return f" [{mark}]" if plain and mark not in ("", DASH) else mark.translate(SUPERSCRIPTS)


def number(entry: Entry, plain: bool, empty: str = "-") -> str:
    """Return a value with its error, such as ``2.79 ± 0.03``."""
    return f"{entry.value} {'+-' if plain else '±'} {entry.error}" if entry.error else entry.value or empty


def note(mark: str, sentence: str, plain: bool) -> str:
    """Return a line below a table."""
    return f"{superscript(mark, plain)} {sentence.translate(PLAIN) if plain else sentence}".strip()
