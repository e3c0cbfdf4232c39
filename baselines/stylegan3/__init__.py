"""StyleGAN3-T and -R: networks, losses, recipes, training, and weights trained here."""
