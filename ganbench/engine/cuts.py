"""Where the samples of a pass are cut: into shards, shards into blocks where there are few, and blocks into groups.

A shard is ``SHARD`` consecutive samples: the unit of resuming and of distribution. A query of few samples has its
shards cut into blocks, so that an interval has enough groups to leave out one at a time.
"""

SHARD = 1024
GROUPS = 20  # of blocks a query, at most: enough for a jackknife, and few enough to keep on disk
BLOCKS = 10  # a query, at least, where its samples allow
SMALLEST = 4  # samples in a block

Bounds = tuple[int, int]


def bounds(count: int, shard: int | None = None) -> list[Bounds]:
    """Return the shards of a pass as ``(start, stop)``, of ``SHARD`` samples by default."""
    shard = shard or SHARD
    return [(start, min(start + shard, count)) for start in range(0, count, shard)]


def blocks(count: int, shard: int) -> list[Bounds]:
    """Return the blocks of a query of ``count`` samples; of many samples, each shard is one block."""
    size = shard
    while size >= 2 * SMALLEST and _number_of(count, shard, size) < BLOCKS:
        size = (size + 1) // 2
    return [block for start, stop in bounds(count, shard) for block in _cut(start, stop, size)]


def _number_of(count: int, shard: int, size: int) -> int:
    whole, rest = divmod(count, shard)
    return whole * -(-shard // size) + -(-rest // size)


def _cut(start: int, stop: int, size: int) -> list[Bounds]:
    return [(at, min(at + size, stop)) for at in range(start, stop, size)]


def groups(count: int, shard: int) -> list[list[Bounds]]:
    """Return the blocks of a query in at most ``GROUPS`` groups of consecutive ones; numbers are merged by group.

    A finished group is stored as one file in place of its blocks, because moments of 2,048 features take 17 MB each.
    Its size is a power of two, so that runs of similar counts have the same groups and share the stored ones.
    """
    cut = blocks(count, shard)
    size = 1
    while size * GROUPS < len(cut):
        size *= 2
    return [cut[at : at + size] for at in range(0, len(cut), size)]
