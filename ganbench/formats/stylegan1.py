"""StyleGAN's networks: official TensorFlow snapshots, classifiers of its discriminator's kind, and files of ours."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from ganbench.checkpoints.fields import Choice, Fields, Filter, Flag, Number, flags, whole
from ganbench.checkpoints.format import Architecture, BaseFormat, Config, Content, Header, NetworkSpec
from ganbench.checkpoints.writing import Made
from ganbench.errors import BadInputError
from ganbench.formats.headers import of_single, single
from ganbench.formats.tensorflow import translated
from ganbench.formats.tensorflow_writing import STYLEGAN, given, inside, variables_of
from ganbench.formats.tflib import HWIO, IO, Parts, Rule, Translation, level, renamed, same

ACTIVATION = Choice(("lrelu", "relu"))
LAYERS: Fields = {
    **whole(1, "img_resolution img_channels fmap_max"),
    "fmap_base": Number(1),
    "fmap_decay": Number(),
    "nonlinearity": ACTIVATION,
    "use_wscale": Flag(),
    "fused_scale": Choice((True, False, "auto")),
    "blur_filter": Filter(),
    "structure": Choice(("auto", "fixed", "linear", "recursive")),
}
GENERATOR = Architecture(
    "StyleGAN generator",
    "baselines.stylegan1.networks:Generator",
    {
        **whole(1, "z_dim w_dim"),
        **whole(0, "c_dim"),
        **LAYERS,
        **flags("use_styles const_input_layer use_noise use_pixel_norm use_instance_norm"),
        "mapping_kwargs": {
            **whole(0, "num_layers"),
            **whole(1, "layer_features"),
            "lr_multiplier": Number(0),
            "nonlinearity": ACTIVATION,
            **flags("use_wscale normalize_latents"),
            "w_avg_beta": Number(0, 1),
        },
    },
)
DISCRIMINATOR = Architecture(
    "StyleGAN discriminator",
    "baselines.stylegan1.networks:Discriminator",
    {**LAYERS, **whole(0, "c_dim mbstd_group_size mbstd_num_features")},
)
MODELS = {"stylegan1": (GENERATOR, "Gs"), "stylegan1-discriminator": (DISCRIMINATOR, "D")}

SIZES = {"latent_size": "z_dim", "label_size": "c_dim", "dlatent_size": "w_dim"}
IMAGES = {"resolution": "img_resolution", "num_channels": "img_channels"}
MAPPING = {
    "mapping_layers": "num_layers",
    "mapping_fmaps": "layer_features",
    "mapping_lrmul": "lr_multiplier",
    "mapping_nonlinearity": "nonlinearity",
    **same("use_wscale normalize_latents"),
}
SHARED = same("fmap_base fmap_decay fmap_max nonlinearity use_wscale fused_scale blur_filter structure")
SYNTHESIS = SHARED | same("use_styles const_input_layer use_noise use_pixel_norm use_instance_norm")
SCORES = SHARED | IMAGES | {"label_size": "c_dim"} | same("mbstd_group_size mbstd_num_features")


def generator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our generator; what is not given has the default of the official functions."""
    synthesis, mapping = parts.get("synthesis", {}), parts.get("mapping", {})
    defaults = {"z_dim": 512, "c_dim": 0, "w_dim": 512, "img_resolution": 1024, "img_channels": 3}
    mapping_kwargs = renamed(mapping, MAPPING) | renamed(kwargs, {"dlatent_avg_beta": "w_avg_beta"})
    given = renamed(mapping, SIZES) | renamed(synthesis, IMAGES | SYNTHESIS)
    return defaults | given | {"mapping_kwargs": mapping_kwargs}


def discriminator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our discriminator; what is not given has the default of the official function."""
    return {"c_dim": 0, "img_resolution": 32, "img_channels": 1} | renamed(kwargs, SCORES)


def words(groups: Mapping[str, str], config: Config) -> dict[str, Any]:
    """Return the level of detail, the scope and the number of the layer that a key's resolution and layer stand for."""
    if "res" not in groups:
        return {}
    number, layer = level(int(groups["res"])), groups.get("layer")
    scope = "Conv1" if layer == "1" else "Conv0_up"
    if number == 0:
        first = "Const" if config.get("const_input_layer", True) else "Dense"
        scope = "Conv" if layer == "1" else first
    return {
        "lod": level(config["img_resolution"]) - number,
        "scope": "G_synthesis/{res}x{res}/".format(**groups) + scope,
        "number": 2 * number + int(layer or 0),
    }


def generator_ignored(config: Config) -> Collection[str]:
    """Return the synthesis network's copy of the level of detail, and its noise where it uses none."""
    layers = 2 * level(config["img_resolution"]) + 2
    unused = [] if config.get("use_noise", True) else [f"G_synthesis/noise{i}" for i in range(layers)]
    return ["G_synthesis/lod", *unused]


RES, LAYER = r"b(?P<res>\d+)", r"(?P<layer>[01])"

GENERATOR_RULES = (
    Rule(r"synthesis\.lod", "lod"),
    Rule(r"mapping\.w_avg", "dlatent_avg"),
    Rule(r"mapping\.embed", "G_mapping/LabelConcat/weight"),
    Rule(r"mapping\.fc(?P<i>\d+)\.weight", "G_mapping/Dense{i}/weight", IO),
    Rule(r"mapping\.fc(?P<i>\d+)\.bias", "G_mapping/Dense{i}/bias"),
    Rule(r"synthesis\.b4\.input\.const", "G_synthesis/4x4/Const/const", ones=1),
    Rule(r"synthesis\.b4\.input\.weight", "G_synthesis/4x4/Dense/weight", IO),
    Rule(rf"synthesis\.{RES}\.conv{LAYER}\.weight", "{scope}/weight", HWIO),
    Rule(rf"synthesis\.{RES}\.epilogue{LAYER}\.bias", "{scope}/bias"),
    Rule(rf"synthesis\.{RES}\.epilogue{LAYER}\.noise_const", "G_synthesis/noise{number}", ones=2),
    Rule(rf"synthesis\.{RES}\.epilogue{LAYER}\.noise_strength", "{scope}/Noise/weight"),
    Rule(rf"synthesis\.{RES}\.epilogue{LAYER}\.affine\.weight", "{scope}/StyleMod/weight", IO),
    Rule(rf"synthesis\.{RES}\.epilogue{LAYER}\.affine\.bias", "{scope}/StyleMod/bias"),
    Rule(rf"synthesis\.{RES}\.torgb\.weight", "G_synthesis/ToRGB_lod{lod}/weight", HWIO),
    Rule(rf"synthesis\.{RES}\.torgb\.bias", "G_synthesis/ToRGB_lod{lod}/bias"),
)

DISCRIMINATOR_RULES = (
    Rule(r"lod", "lod", default=0),  # classifiers of this architecture may never have grown
    Rule(rf"{RES}\.fromrgb\.weight", "FromRGB_lod{lod}/weight", HWIO),
    Rule(rf"{RES}\.fromrgb\.bias", "FromRGB_lod{lod}/bias"),
    Rule(rf"{RES}\.conv0\.weight", "{res}x{res}/Conv0/weight", HWIO),
    Rule(rf"{RES}\.conv0\.bias", "{res}x{res}/Conv0/bias"),
    Rule(rf"{RES}\.conv1\.weight", "{res}x{res}/Conv1_down/weight", HWIO),
    Rule(rf"{RES}\.conv1\.bias", "{res}x{res}/Conv1_down/bias"),
    Rule(r"b4\.conv\.weight", "4x4/Conv/weight", HWIO),
    Rule(r"b4\.conv\.bias", "4x4/Conv/bias"),
    Rule(r"b4\.fc\.weight", "4x4/Dense0/weight", IO),
    Rule(r"b4\.fc\.bias", "4x4/Dense0/bias"),
    Rule(r"b4\.out\.weight", "4x4/Dense1/weight", IO),
    Rule(r"b4\.out\.bias", "4x4/Dense1/bias"),
)


def progressive_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our discriminator for Progressive GAN's in StyleGAN's code: the same without blur.

    The official classifiers of attributes are such networks.

    Raises:
        BadInputError: labels, which it predicts and our network only looks up.
    """
    if kwargs.get("label_size"):
        raise BadInputError(
            "holds a conditional discriminator of Progressive GAN as StyleGAN's code keeps it, which is read only "
            "without labels"
        )
    return discriminator_config(kwargs, parts) | {"blur_filter": None}


TRANSLATIONS = {
    "G_style with G_synthesis": Translation(GENERATOR, generator_config, GENERATOR_RULES, words, generator_ignored),
    "D_basic": Translation(DISCRIMINATOR, discriminator_config, DISCRIMINATOR_RULES, words),
    "D_paper": Translation(DISCRIMINATOR, progressive_config, DISCRIMINATOR_RULES, words),
}


def record(name: str, spec: NetworkSpec) -> Made:
    """Return a network's record in a snapshot."""
    if spec.architecture is GENERATOR:
        return generator_record(name, spec)
    return STYLEGAN.record(name, "D_basic", given(spec.config, SCORES), variables_of(TRANSLATIONS["D_basic"], spec), {})


def generator_record(name: str, spec: NetworkSpec) -> Made:
    """Return a generator's record in a snapshot, with its mapping and synthesis networks as components."""
    config, mapping = spec.config, spec.config.get("mapping_kwargs") or {}
    variables = variables_of(TRANSLATIONS["G_style with G_synthesis"], spec)
    lod, images = {"lod": variables["lod"]}, given(config, IMAGES)
    layers = {"dlatent_broadcast": 2 * level(config["img_resolution"]) + 2}
    kwargs = {
        "mapping": given(config, SIZES) | given(mapping, MAPPING) | layers,
        "synthesis": given(config, SIZES) | images | given(config, SYNTHESIS),
    }
    parts = {
        role: STYLEGAN.record(f"G_{role}", f"G_{role}", kwargs[role], inside(variables, role) | own, {})
        for role, own in (("synthesis", lod), ("mapping", {}))
    }
    # Static arguments of the whole are given to both parts, so it has only those that both may have.
    whole = images | given(config, {"label_size": "c_dim"}) | given(mapping, {"dlatent_avg_beta": "w_avg_beta"})
    return STYLEGAN.record(name, "G_style", whole, lod | {"dlatent_avg": variables["dlatent_avg"]}, parts)


class StyleGAN1Format(BaseFormat):
    """StyleGAN, and the discriminator of Progressive GAN in its code."""

    architectures = (GENERATOR, DISCRIMINATOR)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the networks of an official snapshot."""
        return translated(content, TRANSLATIONS)

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a network."""
        return of_single(specs, MODELS)

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a snapshot that the official program loads."""
        return STYLEGAN.snapshot({name: record(name, spec) for name, spec in specs.items()})


stylegan1 = StyleGAN1Format()
