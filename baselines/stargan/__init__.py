"""StarGAN: Choi et al., Unified GANs for Multi-Domain Image-to-Image Translation (CVPR 2018)."""
