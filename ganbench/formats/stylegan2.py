"""StyleGAN2's networks: PyTorch snapshots of StyleGAN2-ADA and StyleGAN3, and files of ours.

Its TensorFlow snapshots are read by ``ganbench.formats.stylegan2_tensorflow``.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ganbench.checkpoints.fields import Choice, Fields, Filter, Flag, Number, flags, whole
from ganbench.checkpoints.format import Architecture, BaseFormat, Config, Content, Header, NetworkSpec
from ganbench.checkpoints.inert import PersistentObject
from ganbench.checkpoints.modules import attribute
from ganbench.checkpoints.writing import Made
from ganbench.errors import BadInputError
from ganbench.formats.headers import of_single, single
from ganbench.formats.persistence import persistent
from ganbench.formats.persistent_writing import STYLEGAN2, recorded, snapshot

ARCHITECTURE = Choice(("orig", "skip", "resnet"))
ACTIVATION = Choice(("linear", "relu", "lrelu", "lrelu-tf", "tanh", "sigmoid", "elu", "selu", "softplus", "swish"))
CLAMP = Number(0, optional=True)
IMAGES = ("img_resolution", "img_channels")
SIZES = {**whole(1, "img_resolution img_channels"), **whole(0, "c_dim num_fp16_res"), **whole(1, "channel_max")}
WIDTHS = {"channel_base": Number(1)}
MAPPING: Fields = {
    **whole(0, "num_layers"),
    **whole(0, "embed_features layer_features", optional=True),
    "activation": ACTIVATION,
    "lr_multiplier": Number(0),
    "w_avg_beta": Number(0, 1, optional=True),
    "label_concat": Flag(),
}
SYNTHESIS: Fields = {
    **{name: field for name, field in SIZES.items() if name != "c_dim"},
    **WIDTHS,
    "architecture": ARCHITECTURE,
    "activation": ACTIVATION,
    "conv_clamp": CLAMP,
    "resample_filter": Filter(),
    **flags("use_noise tensorflow fp16_channels_last"),
}
GENERATOR = Architecture(
    "StyleGAN2 generator",
    "baselines.stylegan2.networks:Generator",
    {
        **whole(1, "z_dim w_dim"),
        **SIZES,
        **SYNTHESIS,
        "mapping_kwargs": MAPPING,
        "synthesis_kwargs": SYNTHESIS,
    },
)
DISCRIMINATOR = Architecture(
    "StyleGAN2 discriminator",
    "baselines.stylegan2.discriminator:Discriminator",
    {
        **SIZES,
        **WIDTHS,
        **whole(0, "cmap_dim", optional=True),
        "architecture": ARCHITECTURE,
        "conv_clamp": CLAMP,
        "label_select": Flag(),
        "mapping_kwargs": MAPPING,
        "block_kwargs": {
            "activation": ACTIVATION,
            "resample_filter": Filter(),
            "fp16_channels_last": Flag(),
            **whole(0, "freeze_layers"),
        },
        "epilogue_kwargs": {
            **whole(0, "mbstd_group_size", optional=True),
            **whole(0, "mbstd_num_channels"),
            "activation": ACTIVATION,
        },
    },
)
FOURIER_GENERATOR = Architecture(
    "StyleGAN2 generator with Fourier features",
    "baselines.stylegan2.networks:FourierGenerator",
    {**GENERATOR.fields, "fourier_features": Choice((True,))},
)
STRUCTURE: Fields = {"structure": Choice(("auto", "fixed", "linear", "recursive"))}
GROWING_GENERATOR = Architecture(
    "growing StyleGAN2 generator",
    "baselines.stylegan2.growing:GrowingGenerator",
    {**GENERATOR.fields, **STRUCTURE, "synthesis_kwargs": {**SYNTHESIS, **STRUCTURE}},
)
GROWING_DISCRIMINATOR = Architecture(
    "growing StyleGAN2 discriminator",
    "baselines.stylegan2.growing:GrowingDiscriminator",
    {**DISCRIMINATOR.fields, **STRUCTURE},
)
MODELS = {
    "stylegan2": (GENERATOR, "G_ema"),
    "stylegan2-fourier": (FOURIER_GENERATOR, "G_ema"),
    "stylegan2-discriminator": (DISCRIMINATOR, "D"),
    "stylegan2-growing": (GROWING_GENERATOR, "G_ema"),
    "stylegan2-growing-discriminator": (GROWING_DISCRIMINATOR, "D"),
}
UNKNOWN = ("tensorflow", "label_concat", "label_select", "fused_modconv_default")  # to one official program or both
PRECISION = {"num_fp16_res": 4, "conv_clamp": 256}  # our defaults, which are StyleGAN3's and not StyleGAN2-ADA's
W_AVG = {"w_avg_beta": 0.998}


def discriminator_completed(module: PersistentObject, config: Config) -> Config:
    """Add the two settings whose defaults differ between StyleGAN2-ADA and StyleGAN3, as the file's own layers say."""
    resolution = config.get("img_resolution", 0)
    children = module.state.get("_modules")  # a file that ganbench wrote has none, and all arguments
    blocks = [name for name in children if name != "b4"] if isinstance(children, dict) else []
    own = {
        "conv_clamp": attribute(module, f"b{resolution}", "conv0", "conv_clamp"),
        "num_fp16_res": sum(attribute(module, name, "use_fp16") is True for name in blocks),
    }
    return own | config


def generator_completed(module: PersistentObject, config: Config) -> Config:
    """Add the settings whose defaults differ between StyleGAN2-ADA and StyleGAN3, as the file's own layers say."""
    fp16 = [attribute(module, "synthesis", f"b{2**level}", "use_fp16") is True for level in range(2, 13)]
    own = {
        "conv_clamp": attribute(module, "synthesis", "b4", "conv1", "conv_clamp"),
        "num_fp16_res": sum(fp16),
    }
    beta = attribute(module, "mapping", "w_avg_beta")
    means = {} if beta is None else {"w_avg_beta": beta}
    return config | {
        "synthesis_kwargs": _over(own, config.get("synthesis_kwargs")),
        "mapping_kwargs": _over(means, config.get("mapping_kwargs")),
    }


def _over(own: Config, given: Any) -> Any:
    """Return arguments together with what they leave out; anything but a dictionary as it is, to be refused."""
    return own if given is None else own | given if isinstance(given, dict) else given


def place_of(name: str) -> str:
    """Return what an official PyTorch snapshot calls a network."""
    return "G_ema" if name == "Gs" else name


def record(spec: NetworkSpec) -> Made:
    """Return a generator's or discriminator's record in a snapshot.

    Deviation: networks read from TensorFlow's files add a smaller epsilon to what they divide by than the official
    PyTorch programs, and so does their own conversion of such files.

    Raises:
        BadInputError: it grows, or takes labels as StyleGAN2's TensorFlow code does.
    """
    config = spec.config
    if spec.architecture in (GROWING_GENERATOR, GROWING_DISCRIMINATOR):
        raise BadInputError(f"holds a {spec.architecture.title}, which the official PyTorch programs do not have")
    if config.get("c_dim") and (config.get("label_select") or (config.get("mapping_kwargs") or {}).get("label_concat")):
        raise BadInputError(
            f"holds a {spec.architecture.title} with labels as TensorFlow's StyleGAN2 takes them, which the official "
            "PyTorch programs do not"
        )
    name = "Generator" if spec.architecture is GENERATOR else "Discriminator"
    kwargs = official_generator(config) if name == "Generator" else {**PRECISION, **config}
    return recorded(name, STYLEGAN2, official_arguments(kwargs), official_tensors(spec))


def official_generator(config: Config) -> Config:
    """Return the arguments of StyleGAN2-ADA's generator: those of its parts in tables, and no default left to it."""
    synthesis = {name: value for name, value in config.items() if name in SYNTHESIS and name not in IMAGES}
    rest = {name: value for name, value in config.items() if name not in synthesis}
    return rest | {
        "mapping_kwargs": W_AVG | (config.get("mapping_kwargs") or {}),
        "synthesis_kwargs": PRECISION | (config.get("synthesis_kwargs") or {}) | synthesis,
    }


def official_arguments(config: Config) -> Config:
    """Return arguments without those of ganbench alone, in whose place the tensors are changed."""
    return {
        name: official_arguments(value) if isinstance(value, dict) else "lrelu" if value == "lrelu-tf" else value
        for name, value in config.items()
        if name not in UNKNOWN and not (name.endswith("_kwargs") and value is None)
    }


def official_tensors(spec: NetworkSpec) -> dict[str, Tensor]:
    """Return tensors with the offset of styles, which TensorFlow's layers add, in their biases."""
    config = spec.config
    offset = {**config, **(config.get("synthesis_kwargs") or {})}.get("tensorflow", False)
    return {
        name: tensor + 1 if offset and name.endswith(".affine.bias") else tensor
        for name, tensor in spec.tensors.items()
    }


class StyleGAN2Format(BaseFormat):
    """StyleGAN2, StyleGAN2-ADA, and the discriminator of StyleGAN3."""

    architectures = (GENERATOR, FOURIER_GENERATOR, DISCRIMINATOR, GROWING_GENERATOR, GROWING_DISCRIMINATOR)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the networks of a PyTorch snapshot."""
        return persistent(content, "Generator", "synthesis.b4.const", GENERATOR, generator_completed) or persistent(
            content, "Discriminator", "b4.out.weight", DISCRIMINATOR, discriminator_completed
        )

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a network."""
        return of_single(specs, MODELS)

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a snapshot that the official programs of StyleGAN2-ADA and of StyleGAN3 load.

        Raises:
            BadInputError: a network is of a kind that they do not have.
        """
        return snapshot({place_of(name): record(spec) for name, spec in specs.items()})


stylegan2 = StyleGAN2Format()
