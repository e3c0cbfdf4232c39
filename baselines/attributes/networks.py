"""The network that classifies the attributes of an image.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019), appendix C:
classifiers of the discriminator's architecture, without its minibatch standard deviation.
Deviation: the paper trains one network for each of 40 attributes. Here one network has one output for each: what is
learned for one attribute serves the others, and training and measuring take one pass where the paper's take 40.
"""

from torch import Tensor, nn

from baselines.stylegan1.networks import Discriminator


class AttributeNetwork(nn.Module):
    """Images to one logit an attribute; keys ``body.*``, a StyleGAN discriminator of fixed size.

    Args:
        num_attributes: outputs.
        img_resolution: a power of two, 4 or more.
        img_channels: of the images.
        fmap_base: channels at a resolution are this over half the resolution, but
        fmap_max: no more than this.
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
        """Return half of the log-odds of every attribute, ``[N, num_attributes]``, of images in -1..1."""
        blocks = self.body.blocks()
        x = blocks[0].read(images)
        for block in blocks:
            x = block(x)
        return x
