"""Official programs, run in their own folder: they load a file and draw what a test asks for.

``GANBENCH_OFFICIAL`` names a folder of checkouts under the names of their repositories, ``stylegan3`` for example. For
those of TensorFlow, ``GANBENCH_TENSORFLOW`` names a Python with TensorFlow 2, which runs them as TensorFlow 1 did.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PYTORCH = """
import copy, pickle, sys
sys.path.insert(0, ".")
import numpy as np, torch, legacy
path, given, out = sys.argv[1:]
with open(path, "rb") as file:
    data = legacy.load_network_pkl(file)
G, D = data["G_ema"], data["D"]
z, c = (torch.from_numpy(np.load(given)[name]) for name in "zc")
options = {"truncation_psi": 0.7, "noise_mode": "const", "force_fp32": True}
images = G(z, c, **options)
assert torch.equal(pickle.loads(pickle.dumps(copy.deepcopy(G)))(z, c, **options), images)
assert torch.equal(type(G)(**G.init_kwargs).load_state_dict(G.state_dict()) and G(z, c, **options), images)
scores = D(images, c, force_fp32=True) if list(D.parameters()) or list(D.buffers()) else torch.zeros(0)
np.savez(out, images=images.numpy(), scores=scores.numpy())
"""

TENSORFLOW = """
import os, pickle, sys, types
from unittest.mock import MagicMock
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow.compat.v1 as tf
tf.disable_v2_behavior()
create = tf.get_variable  # TensorFlow 1 takes True for the length of an axis
tf.get_variable = lambda name, shape=None, **k: create(name, shape=shape and [int(n) for n in shape], **k)
tf.contrib = types.ModuleType("tensorflow.contrib")
sys.modules.update({"tensorflow": tf, "tensorflow.contrib": tf.contrib})
sys.modules.update({"tensorboard" + part: MagicMock() for part in ("", ".plugins", ".plugins.custom_scalar")})
sys.path.insert(0, ".")
path, given, out = sys.argv[1:]
config = {"allow_soft_placement": True, "graph_options.rewrite_options.cpu_layout_conversion": 1}
if os.path.exists("dnnlib"):
    from dnnlib.tflib import init_tf
    options = {"truncation_psi": 0.7, "truncation_cutoff": 8, "randomize_noise": False}
else:
    from tfutil import init_tf
    options = {}
init_tf(config)
with open(path, "rb") as file:
    G, D, Gs = pickle.load(file)
images = Gs.run(*(np.load(given)[name] for name in "zc"), **options)
scores = np.zeros(0) if D is None else D.run(images, np.load(given)["c"])
np.savez(out, images=images, scores=scores[0] if isinstance(scores, (list, tuple)) else scores)
"""

STARGAN2 = """
import sys
from unittest.mock import MagicMock
sys.modules.update({name: MagicMock() for name in ("munch", "cv2", "skimage", "skimage.filters", "core.wing")})
sys.path.insert(0, ".")
import numpy as np, torch
from core.checkpoint import CheckpointIO
from core.model import Generator, MappingNetwork, StyleEncoder
folder, given, out = sys.argv[1:]
data = np.load(given)
size, style, domains, widest, latent, w_hpf = map(int, data["sizes"])
nets = {
    "generator": Generator(size, style, widest, w_hpf=w_hpf),
    "mapping_network": MappingNetwork(latent, style, domains),
    "style_encoder": StyleEncoder(size, style, domains, widest),
}
nets = {name: torch.nn.DataParallel(net) for name, net in nets.items()}
CheckpointIO(folder + "/{:06d}_nets_ema.ckpt", data_parallel=True, **nets).load(100000)
x, z, y = (torch.from_numpy(data[name]) for name in "xzy")
G, F, E = (net.module.eval() for net in nets.values())
with torch.no_grad():
    np.savez(out, latent=G(x, F(z, y)).numpy(), reference=G(x, E(x, y)).numpy())
"""

STARGAN = """
import sys
sys.path.insert(0, ".")
import numpy as np, torch
from model import Generator
path, given, out = sys.argv[1:]
data = np.load(given)
G = Generator(*map(int, data["sizes"]))
G.load_state_dict(torch.load(path, map_location=lambda storage, loc: storage))
with torch.no_grad():
    np.savez(out, images=G(torch.from_numpy(data["x"]), torch.from_numpy(data["c"])).numpy())
"""


def checkout(repository: str) -> Path:
    """Return the folder of an official program; skip the test where there is none."""
    folder = Path(os.environ.get("GANBENCH_OFFICIAL", "/nowhere")) / repository
    if not folder.is_dir():
        pytest.skip(f"GANBENCH_OFFICIAL names no folder with {repository}")
    return folder


def drawn(repository: str, program: str, loaded: Path, **given: Any) -> dict[str, Any]:
    """Return what a program draws from a file or folder, given arrays by name."""
    folder = checkout(repository)
    python = os.environ.get("GANBENCH_TENSORFLOW", "") if program is TENSORFLOW else sys.executable
    if not python:
        pytest.skip("GANBENCH_TENSORFLOW names no Python")
    arrays, out = loaded.parent / "given.npz", loaded.parent / "out.npz"
    np.savez(arrays, **given)
    command = [python, "-c", program, loaded, arrays, out]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(np.load(out))
