"""The command line: one file a verb, each imported only when it is used or when its own help is asked for.

``ganbench/cli/VERB.py`` defines ``command``, made with ``@click.command(cls=Verb, examples=...)``.
"""

from ganbench.cli.group import Verbs

main = Verbs(
    name="ganbench",
    help="Measure image GANs the way their papers did.",
    verbs={
        "run": "Measure models, write the records and print the table.",
        "plan": "Show what a run would do, without running it.",
        "table": "Make the papers' tables from records.",
        "check": "Fail if a record is worse than a baseline.",
        "generate": "Draw samples, grids, truncation sweeps, style mixing and latent walks.",
        "translate": "Translate images to other domains, with styles drawn or taken from references.",
        "truncation": "Measure a model at several truncations; write a table and a plot.",
        "train": "Train a model by its reference recipe.",
        "attributes": "Train the attribute classifiers for linear separability.",
        "data": "Make real images ready to measure: crop, resize, and pack them into a zip.",
        "stats": "Compute statistics of real images for FID, or take them from other tools' files and back.",
        "cache": "Show what is kept of finished work, and remove some.",
        "convert": "Write an official pickle's network as safetensors.",
        "doctor": "Look at machine, weights and images, and say what may go wrong.",
        "explain": "Say why two numbers differ, and how much each suspect explains.",
        "list": "Show the names of models, metrics, data, extractors, benchmarks and formats, and published weights.",
    },
)
