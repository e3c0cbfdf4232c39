"""One training loop for all models, and its parts: data order, averages, optimisers, snapshots, logs, grids."""
