"""StyleGAN2's TensorFlow networks, and StyleGAN2-ADA's: the rules from their arguments and variables to ours.

Source: Karras et al. (CVPR 2020) and (NeurIPS 2020), and the names that their TensorFlow code gives its variables.
"""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from baselines.ops.upfirdn2d import setup_filter
from ganbench.checkpoints.format import BaseFormat, Config, Content, Header, NetworkSpec
from ganbench.errors import BadInputError
from ganbench.formats import stylegan2
from ganbench.formats.headers import of_single
from ganbench.formats.tensorflow import translated
from ganbench.formats.tflib import HWIO, IO, Parts, Rule, Translation, renamed, same

BINOMIAL = (1, 3, 3, 1)  # the resampling filter of both papers

SIZES = {"latent_size": "z_dim", "label_size": "c_dim", "dlatent_size": "w_dim"}
IMAGES = {"resolution": "img_resolution", "num_channels": "img_channels"}
MAPPING = {
    "mapping_layers": "num_layers",
    "mapping_fmaps": "layer_features",
    "mapping_lrmul": "lr_multiplier",
    "mapping_nonlinearity": "activation",
    "label_fmaps": "embed_features",
}
SYNTHESIS = {
    "nonlinearity": "activation",
    "resample_kernel": "resample_filter",
    **same("architecture num_fp16_res conv_clamp use_noise"),
}
DISCRIMINATOR = {"label_size": "c_dim", **IMAGES, **same("architecture num_fp16_res conv_clamp")}
BLOCK = {"nonlinearity": "activation", "resample_kernel": "resample_filter"}
EPILOGUE = {
    "nonlinearity": "activation",
    "mbstd_group_size": "mbstd_group_size",
    "mbstd_num_features": "mbstd_num_channels",
}
LABELS = {
    "mapping_layers": "num_layers",
    "mapping_fmaps": "layer_features",
    "mapping_lrmul": "lr_multiplier",
    "label_fmaps": "embed_features",
}


def generator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our generator; what is not given has the default of the official functions.

    Raises:
        BadInputError: latents that are not normalised, which our mapping network always does.
    """
    synthesis, mapping = parts.get("synthesis", {}), parts.get("mapping", {})
    if not mapping.get("normalize_latents", True):
        raise BadInputError(
            "holds a StyleGAN2 generator whose latents are not normalised, which ganbench does not support"
        )
    beta = renamed(kwargs, {"dlatent_avg_beta": "w_avg_beta", "w_avg_beta": "w_avg_beta"})
    return {
        **{"z_dim": 512, "c_dim": 0, "w_dim": 512, "img_resolution": 1024, "img_channels": 3},
        **renamed(mapping, SIZES),
        **renamed(synthesis, IMAGES),
        "mapping_kwargs": activated({"layer_features": 512, "w_avg_beta": 0.995} | renamed(mapping, MAPPING) | beta),
        **channels(synthesis),
        **{"num_fp16_res": 0, "conv_clamp": None, "tensorflow": True},
        **activated(renamed(synthesis, SYNTHESIS)),
    }


def first_generator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our generator, as ``generator_config`` does, with labels as the first code has them."""
    config = generator_config(kwargs, parts)
    return {**config, "mapping_kwargs": {**config["mapping_kwargs"], "label_concat": True}}


def ada_discriminator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our discriminator; what is not given has the defaults of StyleGAN2-ADA."""
    defaults = {"c_dim": 0, "img_resolution": 1024, "img_channels": 3, "num_fp16_res": 0, "conv_clamp": None}
    return {
        **defaults,
        **channels(kwargs),
        **renamed(kwargs, DISCRIMINATOR),
        "block_kwargs": activated(renamed(kwargs, BLOCK)),
        "mapping_kwargs": activated(renamed(kwargs, LABELS)),
        "epilogue_kwargs": activated({"mbstd_group_size": None} | renamed(kwargs, EPILOGUE)),
    }


def discriminator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our discriminator; what is not given has the defaults of StyleGAN2."""
    return {**ada_discriminator_config({"mbstd_group_size": 4, **kwargs}, parts), "label_select": True}


def growing_generator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our growing generator, as ``first_generator_config`` does."""
    return grown(first_generator_config(kwargs, parts), parts.get("synthesis", {}))


def growing_discriminator_config(kwargs: Config, parts: Parts) -> Config:
    """Return the arguments of our growing discriminator, as ``discriminator_config`` does."""
    return grown(discriminator_config(kwargs, parts), kwargs)


def grown(config: Config, kwargs: Config) -> Config:
    """Return arguments with the structure in place of an architecture."""
    rest = {name: value for name, value in config.items() if name != "architecture"}
    return {**rest, "structure": kwargs.get("structure", "auto")}


def activated(config: Config) -> Config:
    """Return a part's arguments with the meaning that TensorFlow's code gives them.

    Its own leaky ReLU has the slope float32(0.2) in every precision, and no filter is one over two pixels.
    """
    activation = config.get("activation", "lrelu")
    box = {"resample_filter": [1, 1]} if config.get("resample_filter", BINOMIAL) is None else {}
    return {**config, **box, "activation": "lrelu-tf" if activation == "lrelu" else activation}


def channels(kwargs: Config) -> Config:
    """Return our names for the numbers of feature maps; the official base counts from half the resolution."""
    base = kwargs.get("fmap_base", 16 << 10)
    return {"channel_base": base * 2 if isinstance(base, int) else base, "channel_max": kwargs.get("fmap_max", 512)}


def words(groups: Mapping[str, str], config: Config) -> dict[str, Any]:
    """Return the level of detail, the scope and the number of the layer that a key's resolution and layer stand for."""
    if "res" not in groups:
        return {}
    res, layer = int(groups["res"]), int(groups.get("layer", 0))
    name = "Conv" if res == 4 else ("Conv0_up", "Conv1")[layer]
    return {
        "lod": round(math.log2(config["img_resolution"] / res)),
        "scope": f"G_synthesis/{res}x{res}/{name}",
        "number": 2 * round(math.log2(res / 4)) + layer - 1,
    }


def constant(key: str, config: Config) -> Tensor | None:
    """Return the resampling filter, which the file has as an argument."""
    if not key.endswith("resample_filter"):
        return None
    if key.startswith("b4."):
        return setup_filter(BINOMIAL)  # the discriminator's last layers do not resample
    return setup_filter(config.get("block_kwargs", config).get("resample_filter", BINOMIAL))


RES, LAYER = r"b(?P<res>\d+)", r"(?P<layer>[01])"

GENERATOR_RULES = (
    Rule(r"mapping\.w_avg", "dlatent_avg"),
    Rule(r"mapping\.embed\.weight", "G_mapping/LabelEmbed/weight", IO),
    Rule(r"mapping\.embed\.bias", "G_mapping/LabelEmbed/bias"),
    Rule(r"mapping\.fc(?P<i>\d+)\.weight", "G_mapping/Dense{i}/weight", IO),
    Rule(r"mapping\.fc(?P<i>\d+)\.bias", "G_mapping/Dense{i}/bias"),
    Rule(r"synthesis\.b4\.const", "G_synthesis/4x4/Const/const", ones=1),
    # Upsampling convolutions are transposed ones, whose kernels lie the other way round.
    Rule(rf"synthesis\.{RES}\.conv(?P<layer>0)\.weight", "{scope}/weight", HWIO, flip=True),
    Rule(rf"synthesis\.{RES}\.conv(?P<layer>1)\.weight", "{scope}/weight", HWIO),
    Rule(rf"synthesis\.{RES}\.conv{LAYER}\.bias", "{scope}/bias"),
    Rule(rf"synthesis\.{RES}\.conv{LAYER}\.noise_const", "G_synthesis/noise{number}", ones=2),
    Rule(rf"synthesis\.{RES}\.conv{LAYER}\.noise_strength", "{scope}/noise_strength"),
    Rule(rf"synthesis\.{RES}\.conv{LAYER}\.affine\.weight", "{scope}/mod_weight", IO),
    Rule(rf"synthesis\.{RES}\.conv{LAYER}\.affine\.bias", "{scope}/mod_bias"),
    Rule(rf"synthesis\.{RES}\.torgb\.weight", "G_synthesis/{res}x{res}/ToRGB/weight", HWIO),
    Rule(rf"synthesis\.{RES}\.torgb\.bias", "G_synthesis/{res}x{res}/ToRGB/bias"),
    Rule(rf"synthesis\.{RES}\.torgb\.affine\.weight", "G_synthesis/{res}x{res}/ToRGB/mod_weight", IO),
    Rule(rf"synthesis\.{RES}\.torgb\.affine\.bias", "G_synthesis/{res}x{res}/ToRGB/mod_bias"),
    Rule(rf"synthesis\.{RES}\.skip\.weight", "G_synthesis/{res}x{res}/Skip/weight", HWIO, flip=True),
)

LABEL_CONCAT = Rule(r"mapping\.embed\.weight", "G_mapping/LabelConcat/weight", IO)

DISCRIMINATOR_RULES = (
    Rule(r"mapping\.embed\.weight", "LabelEmbed/weight", IO),
    Rule(r"mapping\.embed\.bias", "LabelEmbed/bias"),
    Rule(r"mapping\.fc(?P<i>\d+)\.weight", "Mapping{i}/weight", IO),
    Rule(r"mapping\.fc(?P<i>\d+)\.bias", "Mapping{i}/bias"),
    Rule(rf"{RES}\.fromrgb\.weight", "{res}x{res}/FromRGB/weight", HWIO),
    Rule(rf"{RES}\.fromrgb\.bias", "{res}x{res}/FromRGB/bias"),
    Rule(rf"{RES}\.conv0\.weight", "{res}x{res}/Conv0/weight", HWIO),
    Rule(rf"{RES}\.conv0\.bias", "{res}x{res}/Conv0/bias"),
    Rule(rf"{RES}\.conv1\.weight", "{res}x{res}/Conv1_down/weight", HWIO),
    Rule(rf"{RES}\.conv1\.bias", "{res}x{res}/Conv1_down/bias"),
    Rule(rf"{RES}\.skip\.weight", "{res}x{res}/Skip/weight", HWIO),
    Rule(r"b4\.conv\.weight", "4x4/Conv/weight", HWIO),
    Rule(r"b4\.conv\.bias", "4x4/Conv/bias"),
    Rule(r"b4\.fc\.weight", "4x4/Dense0/weight", IO),
    Rule(r"b4\.fc\.bias", "4x4/Dense0/bias"),
    Rule(r"b4\.out\.weight", "Output/weight", IO),
    Rule(r"b4\.out\.bias", "Output/bias"),
)


# In the growing networks, colours lie outside of their resolutions, and the level of detail is a variable.
GROWING_GENERATOR_RULES = (
    Rule(r"synthesis\.lod", "lod"),
    LABEL_CONCAT,
    Rule(rf"synthesis\.{RES}\.torgb\.weight", "G_synthesis/ToRGB_lod{lod}/weight", HWIO),
    Rule(rf"synthesis\.{RES}\.torgb\.bias", "G_synthesis/ToRGB_lod{lod}/bias"),
    Rule(rf"synthesis\.{RES}\.torgb\.affine\.weight", "G_synthesis/ToRGB_lod{lod}/mod_weight", IO),
    Rule(rf"synthesis\.{RES}\.torgb\.affine\.bias", "G_synthesis/ToRGB_lod{lod}/mod_bias"),
    *GENERATOR_RULES,
)
GROWING_DISCRIMINATOR_RULES = (
    Rule("lod", "lod"),
    Rule(rf"{RES}\.fromrgb\.weight", "FromRGB_lod{lod}/weight", HWIO),
    Rule(rf"{RES}\.fromrgb\.bias", "FromRGB_lod{lod}/bias"),
    *DISCRIMINATOR_RULES,
)


def _generator(configure: Any, *rules: Rule) -> Translation:
    ordered = (*rules, *GENERATOR_RULES)
    return Translation(stylegan2.GENERATOR, configure, ordered, words, lambda config: ["lod"], constant)


def _discriminator(configure: Any) -> Translation:
    return Translation(stylegan2.DISCRIMINATOR, configure, DISCRIMINATOR_RULES, words, constant=constant)


TRANSLATIONS = {
    "G_main with G_synthesis_stylegan2": _generator(first_generator_config, LABEL_CONCAT),
    "G_main with G_synthesis_stylegan_revised": Translation(  # configurations B to D; A is a StyleGAN
        stylegan2.GROWING_GENERATOR,
        growing_generator_config,
        GROWING_GENERATOR_RULES,
        words,
        lambda config: ["G_synthesis/lod"],
        constant,
    ),
    "G_main with G_synthesis": _generator(generator_config),  # StyleGAN2-ADA
    "D_stylegan2": _discriminator(discriminator_config),
    "D_stylegan": Translation(
        stylegan2.GROWING_DISCRIMINATOR,
        growing_discriminator_config,
        GROWING_DISCRIMINATOR_RULES,
        words,
        constant=constant,
    ),
    "D_main": _discriminator(ada_discriminator_config),  # StyleGAN2-ADA
}


class StyleGAN2TensorFlowFormat(BaseFormat):
    """StyleGAN2 and StyleGAN2-ADA."""

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the networks of an official snapshot."""
        return translated(content, TRANSLATIONS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a network."""
        return of_single(specs, stylegan2.MODELS)


stylegan2_tensorflow = StyleGAN2TensorFlowFormat()
