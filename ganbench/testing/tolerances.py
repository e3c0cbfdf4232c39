"""How exactly a network's results must agree, relative to the largest value."""

ALONE = 1e-4  # a network's last bits depend on the size of its batch
FLOAT64 = 1e-3  # what float32 loses in a deep network
