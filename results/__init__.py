"""What is in this folder, and how it is made anew: ``python -m results.make``."""
