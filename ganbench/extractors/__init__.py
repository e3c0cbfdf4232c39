"""Networks that features are taken from; each is opened by name through ``ganbench.registry``."""
