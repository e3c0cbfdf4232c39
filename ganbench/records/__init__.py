"""Records of runs: their layout, where they are kept, and the tables and gates made from them. Imports no torch."""
