"""Progressive GAN's networks: official TensorFlow snapshots, the same networks as StyleGAN's code keeps them, and ours.

A snapshot of the official code is a tuple of ``tfutil.Network``. StyleGAN's code has a copy of the networks, which it
keeps as ``dnnlib.tflib`` networks, and orders the axes of one kind of weight otherwise. Its discriminator is that of
StyleGAN without blur, and is read as such by ``ganbench.formats.stylegan1``.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ganbench.checkpoints.fields import Choice, Fields, Number, flags, whole
from ganbench.checkpoints.format import Architecture, BaseFormat, Config, Content, Header, NetworkSpec
from ganbench.checkpoints.writing import Made
from ganbench.formats.headers import of_single, single
from ganbench.formats.tensorflow import translated
from ganbench.formats.tensorflow_writing import PROGAN, given, variables_of
from ganbench.formats.tflib import HWIO, HWOI, IO, Parts, Rule, Translation, level, renamed, same

SIZES: Fields = {
    **whole(0, "c_dim"),
    **whole(1, "img_resolution img_channels fmap_max"),
    "fmap_base": Number(1),
    "fmap_decay": Number(),
    **flags("use_wscale fused_scale"),
}
GENERATOR = Architecture(
    "Progressive GAN generator",
    "baselines.progan.networks:Generator",
    {
        **whole(1, "z_dim"),
        **SIZES,
        **flags("normalize_latents use_pixel_norm"),
        "pixel_norm_epsilon": Number(0),
        "nonlinearity": Choice(("lrelu", "relu")),
    },
)
DISCRIMINATOR = Architecture(
    "Progressive GAN discriminator",
    "baselines.progan.networks:Discriminator",
    {**SIZES, **whole(0, "mbstd_group_size")},
)
MODELS = {"progan": (GENERATOR, "Gs"), "progan-discriminator": (DISCRIMINATOR, "D")}

DEFAULTS = {"c_dim": 0, "img_resolution": 32, "img_channels": 1}
SHARED = {"label_size": "c_dim", "resolution": "img_resolution", "num_channels": "img_channels"} | same(
    "fmap_base fmap_decay fmap_max use_wscale fused_scale"
)
IMAGES = SHARED | {
    "normalize_latents": "normalize_latents",
    "use_pixelnorm": "use_pixel_norm",
    "pixelnorm_epsilon": "pixel_norm_epsilon",
}
SCORES = SHARED | same("mbstd_group_size")


def generator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our generator; what is not given has the default of the official function."""
    size = kwargs.get("latent_size")
    activation = {"nonlinearity": "lrelu" if kwargs.get("use_leakyrelu", True) else "relu"}
    return DEFAULTS | renamed(kwargs, IMAGES) | activation | {"z_dim": latent_size(kwargs) if size is None else size}


def latent_size(kwargs: Config) -> int:
    """Return how many features latents have where a file does not say; 1 where it says no numbers, to be refused."""
    base, most = kwargs.get("fmap_base", 8192), kwargs.get("fmap_max", 512)
    told = Number(1).holds(base) and Number(1, whole=True).holds(most)
    return min(int(base), most) if told else 1


def discriminator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our discriminator; what is not given has the default of the official function."""
    return DEFAULTS | renamed(kwargs, SCORES)


def words(groups: Mapping[str, str], config: Config) -> dict[str, Any]:
    """Return the level of detail that a key's resolution stands for."""
    return {"lod": level(config["img_resolution"]) - level(int(groups["res"]))} if "res" in groups else {}


def fused(config: Config) -> bool:
    """Return whether scaling and convolution are fused."""
    return bool(config.get("fused_scale", True))


RES = r"b(?P<res>\d+)"
EVERY_GENERATOR = (
    Rule(r"lod", "lod"),
    Rule(r"b4\.dense\.weight", "4x4/Dense/weight", IO),
    Rule(r"b4\.dense\.bias", "4x4/Dense/bias"),
    Rule(r"b4\.conv\.weight", "4x4/Conv/weight", HWIO),
    Rule(r"b4\.conv\.bias", "4x4/Conv/bias"),
    Rule(rf"{RES}\.conv0\.bias", "{res}x{res}/Conv0_up/bias", when=fused),
    Rule(rf"{RES}\.conv0\.bias", "{res}x{res}/Conv0/bias"),
    Rule(rf"{RES}\.conv1\.weight", "{res}x{res}/Conv1/weight", HWIO),
    Rule(rf"{RES}\.conv1\.bias", "{res}x{res}/Conv1/bias"),
    Rule(rf"{RES}\.torgb\.weight", "ToRGB_lod{lod}/weight", HWIO),
    Rule(rf"{RES}\.torgb\.bias", "ToRGB_lod{lod}/bias"),
    Rule(rf"{RES}\.conv0\.weight", "{res}x{res}/Conv0/weight", HWIO, when=lambda config: not fused(config)),
)
GENERATOR_RULES = (*EVERY_GENERATOR, Rule(rf"{RES}\.conv0\.weight", "{res}x{res}/Conv0_up/weight", HWOI))
LATER_GENERATOR_RULES = (*EVERY_GENERATOR, Rule(rf"{RES}\.conv0\.weight", "{res}x{res}/Conv0_up/weight", HWIO))
DISCRIMINATOR_RULES = (
    Rule(r"lod", "lod"),
    Rule(rf"{RES}\.fromrgb\.weight", "FromRGB_lod{lod}/weight", HWIO),
    Rule(rf"{RES}\.fromrgb\.bias", "FromRGB_lod{lod}/bias"),
    Rule(rf"{RES}\.conv0\.weight", "{res}x{res}/Conv0/weight", HWIO),
    Rule(rf"{RES}\.conv0\.bias", "{res}x{res}/Conv0/bias"),
    Rule(rf"{RES}\.conv1\.weight", "{res}x{res}/Conv1_down/weight", HWIO, when=fused),
    Rule(rf"{RES}\.conv1\.bias", "{res}x{res}/Conv1_down/bias", when=fused),
    Rule(rf"{RES}\.conv1\.weight", "{res}x{res}/Conv1/weight", HWIO),
    Rule(rf"{RES}\.conv1\.bias", "{res}x{res}/Conv1/bias"),
    Rule(r"b4\.conv\.weight", "4x4/Conv/weight", HWIO),
    Rule(r"b4\.conv\.bias", "4x4/Conv/bias"),
    Rule(r"b4\.fc\.weight", "4x4/Dense0/weight", IO),
    Rule(r"b4\.fc\.bias", "4x4/Dense0/bias"),
    Rule(r"b4\.out\.weight", "4x4/Dense1/weight", IO),
    Rule(r"b4\.out\.bias", "4x4/Dense1/bias"),
)
TRANSLATIONS = {
    "G_paper": Translation(GENERATOR, generator_config, GENERATOR_RULES, words),
    "D_paper": Translation(DISCRIMINATOR, discriminator_config, DISCRIMINATOR_RULES, words),
}
LATER = {"G_paper": Translation(GENERATOR, generator_config, LATER_GENERATOR_RULES, words)}


def record(name: str, spec: NetworkSpec) -> Made:
    """Return a network's record in a snapshot."""
    config = spec.config
    if spec.architecture is DISCRIMINATOR:
        return PROGAN.record(name, "D_paper", given(config, SCORES), variables_of(TRANSLATIONS["D_paper"], spec), {})
    leaky = {"use_leakyrelu": config.get("nonlinearity", "lrelu") == "lrelu"}
    kwargs = given(config, IMAGES | {"latent_size": "z_dim"}) | leaky
    return PROGAN.record(name, "G_paper", kwargs, variables_of(TRANSLATIONS["G_paper"], spec), {})


class ProGANFormat(BaseFormat):
    """Progressive GAN."""

    architectures = (GENERATOR, DISCRIMINATOR)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the networks of an official snapshot."""
        return translated(content, TRANSLATIONS, home="tfutil") or translated(content, LATER)

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a network."""
        return of_single(specs, MODELS)

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a snapshot that the official program loads."""
        return PROGAN.snapshot({name: record(name, spec) for name, spec in specs.items()})


progan = ProGANFormat()
