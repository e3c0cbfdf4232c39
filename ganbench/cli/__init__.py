"""The command line: one file per verb, each imported only when the verb is used or its help is shown.

``ganbench/cli/VERB.py`` defines ``command``, made with ``@click.command(cls=Verb, examples=...)``.
"""

from ganbench.cli.group import Verbs

main = Verbs(
    name="ganbench",
    subcommand_metavar="VERB [ARGS]...",
    help="Measure image GANs the way their papers did.",
    verbs={
        "run": "Measure models, write their records and print a table.",
        "plan": "Show what a run would do, without running it.",
        "table": "Print records as tables like those of papers.",
        "compare": "Show how two records differ, and how sure that is.",
        "report": "Write records as one HTML page, with pictures of the models.",
        "export": "Write records for TensorBoard, Weights & Biases or MLflow.",
        "check": "Fail if a record is worse than a baseline.",
        "generate": "Draw samples, grids, truncation sweeps, style mixing and latent walks.",
        "translate": "Translate images to other domains, in random styles or those of references.",
        "truncation": "Measure a model at several truncations; write a table and a plot.",
        "train": "Train a model by its reference recipe.",
        "attributes": "Train the attribute classifiers for linear separability.",
        "data": "Prepare real images: crop, resize and pack them into a zip.",
        "stats": "Compute statistics of real images for FID; convert those of other tools.",
        "cache": "Show the cache of finished work, and remove parts of it.",
        "convert": "Convert a network of an official checkpoint to safetensors.",
        "doctor": "Check machine, weights and images for what may go wrong.",
        "explain": "Find out why two numbers differ.",
        "list": "List models, metrics, data, extractors, benchmarks, formats and weights.",
    },
)
