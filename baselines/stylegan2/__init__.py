"""StyleGAN2 and StyleGAN2-ADA; StyleGAN3 takes its discriminator, losses, augmentation and phases from here."""
