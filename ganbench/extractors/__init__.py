"""Networks that compute features of images, opened by name through ``ganbench.registry``."""
