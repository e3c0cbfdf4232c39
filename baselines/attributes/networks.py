"""The network that classifies yes-or-no attributes of an image.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019), appendix C:
classifiers with the discriminator's architecture, but without the minibatch standard deviation.
Deviation: the paper trains one network for each of 40 attributes. Here, one network has an output for each of them: the
attributes share what is learned, and training and measuring take one pass instead of 40.
"""

from torch import Tensor, nn

from baselines.stylegan1.networks import Discriminator


class AttributeNetwork(nn.Module):
    """A StyleGAN discriminator (keys ``body.*``) with one logit per attribute.

    Args:
        num_attributes: number of outputs.
        img_resolution: height and width of the images in pixels, a power of two of at least 4.
        img_channels: channels of the images.
        fmap_base: channels at a resolution are ``2 * fmap_base / resolution``,
        fmap_max: but at most this.
    """

    def __init__(
        self, num_attributes: int, img_resolution: int, img_channels: int, fmap_base: int = 8192, fmap_max: int = 512
    ) -> None:
        super().__init__()
        self.num_attributes, self.img_resolution, self.img_channels = num_attributes, img_resolution, img_channels
        self.body = Discriminator(
            num_attributes,
            img_resolution,
            img_channels,
            fmap_base=fmap_base,
            fmap_max=fmap_max,
            mbstd_group_size=0,
            structure="fixed",
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return half of the log-odds of each attribute, ``[N, num_attributes]``.

        Args:
            images: ``[N, img_channels, img_resolution, img_resolution]`` floating point, -1..1.
        """
        blocks = self.body.blocks()
        x = blocks[0].read(images)
        for block in blocks:
            x = block(x)
        return x
