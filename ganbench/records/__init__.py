"""Records: what a run leaves behind, where it is kept, and what is read from it. Imports no torch."""
