"""Foreign models: any program that turns latents or images into images, from Python, TorchScript or ONNX.

Such programs are run, not only read. Their images are checked and converted to ``[N, C, H, W]`` in -1..1.
"""
