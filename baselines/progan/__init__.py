"""Progressive GAN: a generator and a discriminator that grow together, from 4x4 pixels to the full resolution."""
