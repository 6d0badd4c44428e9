"""Golden values of the classifier, for tests/golden_classifier.rs.

    python make_classifier.py    (jax 0.10, numpy 2.4 and safetensors 0.8; deterministic; writes classifier-*.safetensors)

In f64 by lax's convolution, with pooling after the rectifier as the network is usually written; the engine pools first.
"""

import json
import pathlib

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent
IMAGES, CHANNELS, FEATURES, CLASSES, SIDE = 3, [3, 4], 6, 10, 28


def convolution(picture, weight, bias):
    out = jax.lax.conv_general_dilated(picture, weight, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return out + bias[None, :, None, None]


def pooled(picture):
    n, c, height, width = picture.shape
    return picture.reshape(n, c, height // 2, 2, width // 2, 2).max((3, 5))


def network(params, x):
    picture = x.reshape(-1, 1, SIDE, SIDE)
    for name in ["conv1", "conv2"]:
        picture = pooled(jax.nn.relu(convolution(picture, params[f"{name}.weight"], params[f"{name}.bias"])))
    flat = picture.reshape(picture.shape[0], -1)
    features = jax.nn.relu(flat @ params["fc1.weight"].T + params["fc1.bias"])
    return features, features @ params["fc2.weight"].T + params["fc2.bias"]


def log_likelihood(params, x, label):
    """ln p(label | x) of each image."""
    return jnp.take_along_axis(jax.nn.log_softmax(network(params, x)[1]), label[:, None], 1)[:, 0]


def main():
    generator = np.random.default_rng(4)

    def normal(*shape, scale):
        return (scale * generator.standard_normal(shape)).astype(np.float32).astype(np.float64)

    first, second = CHANNELS
    wide = second * (SIDE // 4) ** 2
    params = {
        "conv1.weight": normal(first, 1, 3, 3, scale=0.5),
        "conv1.bias": normal(first, scale=0.2),
        "conv2.weight": normal(second, first, 3, 3, scale=0.3),
        "conv2.bias": normal(second, scale=0.2),
        "fc1.weight": normal(FEATURES, wide, scale=0.15),
        "fc1.bias": normal(FEATURES, scale=0.5),
        "fc2.weight": normal(CLASSES, FEATURES, scale=0.7),
        "fc2.bias": normal(CLASSES, scale=0.5),
    }
    x = (generator.integers(0, 256, (IMAGES, SIDE * SIDE)) / 255.0).astype(np.float32).astype(np.float64)
    label = np.array([7, 0, 3])
    features, logits = network(params, x)
    loss, gradients = jax.value_and_grad(lambda p: -log_likelihood(p, x, label).mean())(params)
    evidence = jax.grad(lambda x: log_likelihood(params, x, label).sum())(x)
    golden = {
        "x": x,
        "label": label.astype(np.float64),
        "features": features,
        "logits": logits,
        "probabilities": jax.nn.softmax(logits),
        "evidence": evidence / jnp.abs(evidence).max(1, keepdims=True),
        "loss": loss.reshape(1),
        **{f"gradient.{name}": gradient for name, gradient in gradients.items()},
    }
    single = lambda tensors: {name: np.ascontiguousarray(value, np.float32) for name, value in tensors.items()}
    config = {"family": "classifier", "channels": CHANNELS, "features": FEATURES}
    save_file(single(params), FOLDER / "classifier-weights.safetensors", {"inkling": json.dumps(config)})
    save_file(single(golden), FOLDER / "classifier-golden.safetensors")


main()
