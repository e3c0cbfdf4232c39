"""A command line in one of several processes, which also writes how many samples the process computed.

It is a program, started by ``torchrun``: the folder for the counts, and then the words of the command.
"""

import os
import sys
from pathlib import Path
from typing import Any

from ganbench.cli import main
from ganbench.engine.shards import Worker

if __name__ == "__main__":
    blocks, counts = Worker.blocks, Path(sys.argv[1]) / f"samples-{os.environ['RANK']}"

    def counted(self: Worker, source: Any, queries: Any, start: int, stop: int, *rest: Any) -> Any:
        with counts.open("a") as file:
            file.write(f"{source.name} {start} {stop}\n")
        return blocks(self, source, queries, start, stop, *rest)

    Worker.blocks = counted  # type: ignore[method-assign]
    sys.argv = ["ganbench", *sys.argv[2:]]
    main()
