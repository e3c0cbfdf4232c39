"""What the two papers on translating images with convolutional networks share, pix2pix and CycleGAN."""
