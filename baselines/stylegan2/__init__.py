"""StyleGAN2: so far the discriminator, which StyleGAN3 uses unchanged."""
