"""Classifiers of yes-or-no attributes of images, for linear separability: ``networks``, ``train``."""
