"""Models of unknown make: whatever turns latents or images into images, from Python, TorchScript or ONNX.

Their programs are run, not only read. What they return is checked and brought to ``[N, C, H, W]`` in -1..1.
"""
