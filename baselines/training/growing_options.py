"""The names that the official programs of networks that grow give to the settings of a recipe.

Source: ``train.py``, ``training_loop``, ``TrainingSchedule`` and the losses of NVIDIA's program of StyleGAN, which also
trains Progressive GAN, and ``config.py`` of the program before it.
"""

from collections.abc import Mapping

from baselines.training.options import Option, refused, same
from baselines.training.settings import Count

__all__ = ["GROWING"]

GROWING: Mapping[str, Option] = {
    "total_kimg": same("kimg"),
    "mirror_augment": same("mirror", kind=bool),
    "minibatch_base": same("batch"),
    "minibatch_dict": same("batches"),
    "max_minibatch_per_gpu": same("batch_gpu"),
    "lod_initial_resolution": same("initial_resolution"),
    "lod_training_kimg": same("training_kimg"),
    "lod_transition_kimg": same("transition_kimg"),
    "G_lrate_base": same("g_lr"),
    "D_lrate_base": same("d_lr"),
    "G_lrate_dict": same("g_lrs"),
    "D_lrate_dict": same("d_lrs"),
    "tick_kimg_base": same("tick_kimg"),
    "network_snapshot_ticks": same("snapshot_ticks"),
    "random_seed": same("seed"),
    "fmap_base": same("generator.fmap_base", "discriminator.fmap_base", kind=Count),
    "fmap_max": same("generator.fmap_max", "discriminator.fmap_max", kind=Count),
    "mbstd_group_size": same("discriminator.mbstd_group_size", kind=Count),
    "wgan_lambda": same("gp_lambda"),
    "wgan_epsilon": same("epsilon"),
    "wgan_target": same("gp_target"),
    "num_gpus": refused(
        "as processes are started otherwise here: begin with torchrun --nproc-per-node GPUS -m ganbench train"
    ),
    "minibatch_repeats": refused("as level, batch and learning rates change before every step here: leave it out"),
    "reset_opt_for_new_lod": refused("as Adam's moments always begin anew with a level here: leave it out"),
    "image_snapshot_ticks": refused("as a grid comes with every snapshot here: set snapshot_ticks"),
    "tick_kimg_dict": refused("as ticks are of one length here: set tick_kimg"),
}
"""Names of settings of networks that grow."""
