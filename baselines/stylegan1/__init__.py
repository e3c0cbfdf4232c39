"""StyleGAN: a style-based generator, grown progressively, and its discriminator."""
