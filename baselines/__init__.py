"""The papers in plain PyTorch, one folder each: networks, losses, recipes. Nothing here knows of ganbench."""
