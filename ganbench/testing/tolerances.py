"""Tolerances for the outputs of networks, relative to the largest value."""

ALONE = 1e-4  # a network's last bits depend on the size of its batch
FLOAT64 = 1e-3  # rounding of float32 in a deep network
