"""StyleGAN3 (Karras et al., Alias-Free Generative Adversarial Networks, NeurIPS 2021)."""
