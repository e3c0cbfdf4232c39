"""``ganbench convert``: an official checkpoint to safetensors, or any checkpoint to the official program's file."""

from pathlib import Path

import click

from ganbench.cli.files import check_folder, write
from ganbench.cli.group import Verb
from ganbench.cli.output import remark, say
from ganbench.errors import BadInputError

SUFFIX = ".safetensors"


@click.command(
    cls=Verb,
    examples=(
        "ganbench convert stylegan3-t-ffhqu-256x256.pkl ffhqu-256-t.safetensors",
        "ganbench convert karras2019stylegan-ffhq-1024x1024.pkl D.safetensors --entry D",
        "ganbench convert 200000-G.ckpt seasons.safetensors --domains autumn,spring,summer,winter",
        "ganbench convert runs/x/stylegan3.safetensors network-snapshot.pkl --to official",
    ),
)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--to", type=click.Choice(["safetensors", "official"]), default="safetensors", show_default=True,
              help="What OUT is: a file of ganbench, or one that the official program of the model loads.")  # fmt: skip
@click.option("--entry", metavar="NAME",
              help="Network in the file, such as G_ema or D, or its key.  [default: the averaged generator, or the "
                   "only network]")  # fmt: skip
@click.option("--domains", metavar="NAMES",
              help="Names of a translator's domains, in order, separated by commas, if IN has none.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
def command(source: Path, target: Path, to: str, entry: str | None, domains: str | None, force: bool) -> None:
    """Convert one network of a checkpoint to safetensors, which holds only numbers, and print the path.

    IN is a snapshot of StyleGAN, StyleGAN2, StyleGAN2-ADA or StyleGAN3 (TensorFlow or PyTorch), a network of CycleGAN
    (latest_net_G_A.pth) or StarGAN (200000-G.ckpt), or a checkpoint of StarGAN v2 (100000_nets_ema.ckpt), of which all
    networks are written. Networks are found inside dictionaries and under prefixed names. No code in the file is run.
    The converted network makes the same images bit for bit, and the same input always gives the same bytes.

    With --to official, OUT has all networks of IN, or of ganbench's own files the network that they are for: a .pkl of
    StyleGAN, StyleGAN2, StyleGAN3 or Progressive GAN, a .ckpt of StarGAN v2 or StarGAN, a .pth of CycleGAN or pix2pix,
    or a folder for files of several networks. Pickles name the classes of the official program instead of holding
    their source text, so load them in its folder.
    """
    if to == "official":
        return to_official(source, target, entry, force)
    if target.suffix != SUFFIX:
        raise BadInputError(f"expected a file name ending in {SUFFIX}, found {target}: write NAME{SUFFIX}.")
    check_folder(target.parent, [target.name], force)
    from ganbench.atomic import target_of
    from ganbench.checkpoints.converting import convert
    from ganbench.checkpoints.recognition import title_of
    from ganbench.types import Sized

    for network in convert(source, target_of(target), entry, names_in(domains)).values():
        count = sum(tensor.numel() for tensor in network.parameters())
        size = network.img_resolution if isinstance(network, Sized) else None  # CycleGAN's networks accept any size
        shown = f"{size}x{size}, " if size else ""
        remark(f"{title_of(network)}, {shown}{count:,} parameters")
    say(str(target))


def to_official(source: Path, target: Path, entry: str | None, force: bool) -> None:
    """Write the official program's file, or its files to a folder, and print their paths."""
    from ganbench.checkpoints.converting import official_files

    files = official_files(source, entry)
    suffix = Path(next(iter(files))).suffix
    if len(files) == 1 and target.suffix != suffix:
        raise BadInputError(f"expected a file name ending in {suffix}, found {target}: write NAME{suffix}.")
    if len(files) > 1 and target.suffix == suffix:
        raise BadInputError(f"expected a folder for {', '.join(files)}, found the file name {target}: write a folder.")
    paths = {target if len(files) == 1 else target / name: content for name, content in files.items()}
    folder = next(iter(paths)).parent
    check_folder(folder, [path.name for path in paths], force)
    for path, content in paths.items():
        write(path, content)
        say(str(path))


def names_in(text: str | None) -> tuple[str, ...]:
    """Return the names in a list separated by commas; none where there is no list.

    Raises:
        BadInputError: one is empty, or there are two of one name.
    """
    names = () if text is None else tuple(name.strip() for name in text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise BadInputError(f"expected different names in --domains, found {text!r}: write for example cat,dog.")
    return names
