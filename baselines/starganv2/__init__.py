"""StarGAN v2: diverse image synthesis for multiple domains."""
