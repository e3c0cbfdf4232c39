"""The image operators that the StyleGAN networks are made of, in plain PyTorch."""
