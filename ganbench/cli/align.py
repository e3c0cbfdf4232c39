"""``ganbench data align``: faces where they are in CelebA-HQ, for StarGAN v2."""

from pathlib import Path

import click

from ganbench.cli.group import Choice, Verb


@click.command(
    "align", cls=Verb, examples=("ganbench data align photographs --out aligned", "ganbench data align me.zip --out me")
)
@click.argument("source", metavar="SRC")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the aligned images.")
@click.option("--size", type=Choice(("256", "512", "1024")), default="256", show_default=True,
              help="Width and height of the aligned images.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace existing images.")
def align_command(source: str, out: Path, size: str, force: bool) -> None:
    """Turn, scale and move faces to where they are in CelebA-HQ, write them as PNG, and print the paths.

    SRC is a folder or file of images, as of ganbench data prepare, with one face each. Landmarks are found by StarGAN
    v2's network (wing.ckpt), and the mean face is that of its authors (celeba_lm_mean.npz); both are fetched, or taken
    from the folder that GANBENCH_WEIGHTS names.
    """
    from PIL import Image

    from ganbench.cli.console import images_bar
    from ganbench.cli.files import check_folder, write
    from ganbench.cli.output import say
    from ganbench.data.raw_images import open_raw
    from ganbench.errors import BadInputError
    from ganbench.models.face_masks import aligner
    from ganbench.pictures.sheets import png

    images = open_raw(source)
    names = [f"{Path(name).with_suffix('').as_posix().replace('/', '-')}.png" for name in images.names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInputError(f"expected images of different names, found two for {twice} in {source}: rename one.")
    align = aligner(int(size))
    check_folder(out, names, force)
    with images_bar(len(names)) as advance:
        for index, name in enumerate(names):
            pixels = align(images.image(index)).permute(1, 2, 0).numpy()
            write(out / name, png(Image.fromarray(pixels)))
            advance()
    for name in names:
        say(str(out / name))
