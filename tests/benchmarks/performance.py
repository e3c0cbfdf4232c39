"""The generated block of ``results/performance.md``: a table between two markers; what is around them stays."""

from dataclasses import astuple, dataclass

BEGIN, END = "<!-- cpu: written by tox -e bench -->", "<!-- end of cpu -->"
HEAD = ("what", "ours", "against", "result", "least and most", "date")


@dataclass(frozen=True)
class Machine:
    """Where a run took place: CPU, cores, threads and versions; and the command."""

    name: str
    command: str


@dataclass(frozen=True)
class Line:
    """A line of the table; its first column says which benchmark, its third against what."""

    what: str
    ours: str
    against: str
    result: str
    spread: str
    date: str


def updated(text: str, machine: Machine, found: list[Line]) -> str:
    """Return the text with the table remade: lines that were not measured again stay if they are of this machine."""
    before, _, rest = text.partition(BEGIN)
    block, _, after = rest.partition(END)
    old = lines_of(block) if f"Machine: {machine.name}." in block else []
    lines = {_name(line): line for line in old} | {_name(line): line for line in found}
    said = f"Machine: {machine.name}.\nLast command: `{machine.command}`."
    table = "\n".join(_row(cells) for cells in (HEAD, ("---",) * len(HEAD), *map(astuple, lines.values())))
    return f"{before}{BEGIN}\n{said}\n\n{table}\n{END}{after or chr(10)}"


def lines_of(block: str) -> list[Line]:
    """Return the lines of the table in a block."""
    rows = [row.strip("| ").split(" | ") for row in block.splitlines() if row.startswith("| ")]
    return [Line(*row) for row in rows[2:]]


def _name(line: Line) -> tuple[str, str]:
    """Return which comparison a line is of: its benchmark, and the alternative without the version."""
    return line.what, line.against.split()[0]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell or '-' for cell in cells)} |"
