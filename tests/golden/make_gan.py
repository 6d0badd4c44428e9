"""Golden values of adversarial networks, written from the papers in PyTorch and f64, for tests/tests/golden_gan.rs.

    python make_gan.py    (torch 2.15, numpy and safetensors 0.8; deterministic; writes the gan-*.safetensors beside it)

Networks are tiny, with random weights; no parameter is zero. The random numbers of a step are Philox4x32-10's, so that
steps that draw (between which images a gradient penalty looks, a style-based generator's noise) can be compared too.
Written down are pixels, scores and maps, and of one training step the losses, and of both networks the gradients: the
first moments behind the step, divided by 1 - beta1. The generator's are those against the discriminator behind its step.
"""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from denoiser_reference import philox

FOLDER = pathlib.Path(__file__).parent
BATCH, SEED, STEP = 4, 7, 3
RATE, BETA1, BETA2, EPS, RATIO = 1e-2, 0.5, 0.99, 0.1, 2.0
LABELS = torch.tensor([3, 0, 9, 3])

CONV = {
    "family": "gan", "z_dim": 6, "conditional": True, "slopes": [0.2, 0.1],
    "generator": {"layers": [
        {"linear": {"out": 12}}, {"linear": {"out": 4 * 49}}, {"unflatten": {"channels": 4, "side": 7}},
        {"conv_transpose": {"channels": 3, "kernel": 4, "stride": 2, "padding": 1}},
        {"conv_transpose": {"channels": 1, "kernel": 4, "stride": 2, "padding": 1}}]},
    "discriminator": [
        {"conv": {"channels": 3, "kernel": 4, "stride": 2, "padding": 1}},
        {"conv": {"channels": 4, "kernel": 4, "stride": 2, "padding": 1}},
        {"linear": {"out": 8}}, {"linear": {"out": 10}}],
}
MLP = {
    "family": "gan", "z_dim": 5, "conditional": False, "slopes": [0.0, 0.2],
    "generator": {"layers": [{"linear": {"out": 7}}, {"linear": {"out": 784}}]},
    "discriminator": [{"linear": {"out": 6}}, {"linear": {"out": 5}}, {"linear": {"out": 1}}],
}
STYLE = {**CONV, "z_dim": 4, "generator": {"style": {"mapping": [9, 6], "channels": [5, 4, 3]}}}
CASES = [
    ("conv", CONV, "non_saturating", "none"),
    ("conv", CONV, "hinge", {"r1": {"gamma": 0.7, "share": 2}}),
    ("conv", CONV, "relativistic", {"r1": {"gamma": 1.5, "share": 1}}),
    ("mlp", MLP, "wasserstein", {"gradient_penalty": {"lambda": 10.0, "share": 1}}),
    ("mlp", MLP, "hinge", "spectral_norm"),
    ("style", STYLE, "relativistic", {"r1": {"gamma": 0.5, "share": 2}}),
]


def uniforms(stream, count):
    words = philox(SEED, STEP << 32 | stream, -(-count // 4)) >> np.uint64(8)
    return torch.from_numpy(words.astype(np.float64).reshape(-1)[:count] / 2**24)


def normals(stream, count):
    words = (philox(SEED, STEP << 32 | stream, -(-count // 4)) >> np.uint64(8)).astype(np.float64)
    radius = np.sqrt(-2 * np.log((words[:, 0::2] + 1) / 2**24))
    angle = 2 * np.pi * words[:, 1::2] / 2**24
    return torch.from_numpy(np.stack([radius * np.cos(angle), radius * np.sin(angle)], 2).reshape(-1)[:count])


# ---- networks --------------------------------------------------------------------------------------------------------


def shapes_of(layers, prefix, inputs):
    """Names and shapes with nn.Sequential's indices: an activation, a flattening and an unflattening take one too."""
    found, index, picture = {}, 0, inputs if isinstance(inputs, tuple) else None
    width = inputs if picture is None else picture[0] * picture[1] ** 2
    for i, layer in enumerate(layers):
        (kind, size), = layer.items()
        if kind == "linear" and picture is not None and i > 0:
            index += 1
        name = f"{prefix}.{index}"
        if kind == "unflatten":
            picture, index = (size["channels"], size["side"]), index + 1
            continue
        if kind == "linear":
            found[name] = [size["out"], width]
            width, picture = size["out"], None
        else:
            k, c = size["kernel"], size["channels"]
            found[name] = [picture[0], c, k, k] if kind == "conv_transpose" else [c, picture[0], k, k]
            side = picture[1] * 2 if kind == "conv_transpose" else picture[1] // 2
            picture, width = (c, side), c * side * side
        index += 2
    return found


def sequential(layers, weights, x, slope, names):
    names = iter(names)
    for i, layer in enumerate(layers):
        (kind, size), = layer.items()
        if kind == "unflatten":
            x = x.reshape(-1, size["channels"], size["side"], size["side"])
            continue
        name = next(names)
        w, b = weights[name + ".weight"], weights[name + ".bias"]
        if kind == "linear":
            x = F.linear(x.flatten(1), w, b)
        elif kind == "conv":
            x = F.conv2d(x.reshape(-1, w.shape[1], *([28, 28] if i == 0 else x.shape[2:])), w, b, stride=2, padding=1)
        else:
            x = F.conv_transpose2d(x, w, b, stride=2, padding=1)
        if i + 1 < len(layers):
            x = F.leaky_relu(x, slope)
    return x.flatten(1)


STYLE_KINDS = ["keep", "double", "keep", "double", "pixels"]


def style_shapes(config):
    style = config["generator"]["style"]
    a, b, c = style["channels"]
    found, inputs = {}, config["z_dim"] + 10
    for i, width in enumerate(style["mapping"]):
        found[f"generator.mapping.{i}.weight"], found[f"generator.mapping.{i}.bias"] = [width, inputs], [width]
        inputs = width
    found["generator.constant"] = [1, a, 7, 7]
    for i, (kind, n, m) in enumerate(zip(STYLE_KINDS, [a, a, b, b, c], [a, b, b, c, 1])):
        found[f"generator.{i}.weight"] = [n, m, 4, 4] if kind == "double" else [m, n, 3, 3]
        found[f"generator.{i}.bias"] = [m]
        found[f"generator.{i}.style.weight"], found[f"generator.{i}.style.bias"] = [n, inputs], [n]
        if kind != "pixels":
            found[f"generator.{i}.noise"] = [1]
    return found


def map_code(config, weights, code):
    w = code
    for i in range(len(config["generator"]["style"]["mapping"])):
        w = F.leaky_relu(F.linear(w, weights[f"generator.mapping.{i}.weight"], weights[f"generator.mapping.{i}.bias"]),
                         config["slopes"][0])
    return w


def draw(config, weights, styles, amount):
    x = weights["generator.constant"].expand(len(styles[0]), -1, -1, -1)
    for i, (kind, w) in enumerate(zip(STYLE_KINDS, styles)):
        name = f"generator.{i}"
        weight = weights[name + ".weight"]
        factors = F.linear(w, weights[name + ".style.weight"], weights[name + ".style.bias"])
        pictures = []
        # Karras et al. 2020 as it is written: each image has weights of its own
        for image, s in zip(x, factors):
            s = s.reshape(-1, 1, 1, 1) if kind == "double" else s.reshape(1, -1, 1, 1)
            own = weight * s
            if kind != "pixels":
                axes = (0, 2, 3) if kind == "double" else (1, 2, 3)
                # at stride 2 an output pixel sees a quarter of the kernel
                norm = (own.square().sum(axes, keepdim=True) * (0.25 if kind == "double" else 1) + 1e-8).sqrt()
                own = own / norm
            pictures.append(F.conv_transpose2d(image[None], own, stride=2, padding=1) if kind == "double"
                            else F.conv2d(image[None], own, padding=1))
        x = torch.cat(pictures)
        if kind != "pixels":
            side = x.shape[-1]
            noise = normals(i, len(x) * side * side).reshape(-1, 1, side, side)
            x = x + amount * weights[name + ".noise"] * noise
        x = x + weights[name + ".bias"].reshape(1, -1, 1, 1)
        if kind != "pixels":
            x = F.leaky_relu(x, config["slopes"][0])
    return torch.tanh(x.flatten(1))


class Gan:
    def __init__(self, config, weights):
        self.config, self.weights = config, weights
        if "layers" in config["generator"]:
            width = config["z_dim"] + (10 if config["conditional"] else 0)
            self.g_names = list(shapes_of(config["generator"]["layers"], "generator", width))
        self.d_names = list(shapes_of(config["discriminator"], "discriminator", (1, 28)))

    def code(self, z):
        return torch.cat([z, F.one_hot(LABELS, 10).double()], 1) if self.config["conditional"] else z

    def generate(self, z, amount=1.0):
        if "style" in self.config["generator"]:
            return draw(self.config, self.weights, 5 * [map_code(self.config, self.weights, self.code(z))], amount)
        layers = self.config["generator"]["layers"]
        return torch.tanh(sequential(layers, self.weights, self.code(z), self.config["slopes"][0], self.g_names))

    def scores(self, x, weights=None):
        return sequential(self.config["discriminator"], weights or self.weights, x, self.config["slopes"][1], self.d_names)

    def score(self, x, labels, weights=None):
        scores = self.scores(x, weights)
        return scores.gather(1, labels[:, None])[:, 0] if self.config["conditional"] else scores[:, 0]


def random_weights(config, generator):
    if "style" in config["generator"]:
        shapes = style_shapes(config)
    else:
        width = config["z_dim"] + (10 if config["conditional"] else 0)
        shapes = dict(shapes_of(config["generator"]["layers"], "generator", width).items())
    shapes |= shapes_of(config["discriminator"], "discriminator", (1, 28))
    weights = {}
    for name, shape in shapes.items():
        if name.endswith((".weight", ".bias", ".noise", ".constant")):
            weights[name] = torch.randn(shape, generator=generator) * 0.4
            continue
        fan = np.prod(shape[1:])
        weights[name + ".weight"] = torch.randn(shape, generator=generator) * (2.0 / float(fan)) ** 0.5
        outputs = shape[1] if len(shape) == 4 and name.startswith("generator") else shape[0]
        weights[name + ".bias"] = torch.randn(outputs, generator=generator) * 0.1
    return {name: value.half() for name, value in weights.items()}


# ---- one step --------------------------------------------------------------------------------------------------------


def discriminator_loss(kind, real, fake):
    return {
        "non_saturating": lambda: F.softplus(-real) + F.softplus(fake),
        "hinge": lambda: F.relu(1 - real) + F.relu(1 + fake),
        "wasserstein": lambda: fake - real,
        "relativistic": lambda: F.softplus(fake - real),
    }[kind]().mean()


def generator_loss(kind, real, fake):
    return {
        "non_saturating": lambda: F.softplus(-fake),
        "hinge": lambda: -fake,
        "wasserstein": lambda: -fake,
        "relativistic": lambda: F.softplus(real - fake),
    }[kind]().mean()


def normalised(gan, vectors, iterate):
    """Miyato et al. 2018: weights over u W v."""
    weights = dict(gan.weights)
    for name in gan.d_names:
        name += ".weight"
        matrix = gan.weights[name].flatten(1)
        with torch.no_grad():
            u = F.normalize(vectors[name], dim=0)
            v = F.normalize(matrix.T @ u, dim=0)
            if iterate:
                u = F.normalize(matrix @ v, dim=0)
                vectors[name] = u
        weights[name] = gan.weights[name] / (u @ matrix @ v)
    return weights


def penalty_of(gan, regulariser, x, fake, weights, stream):
    if isinstance(regulariser, str):
        return torch.zeros((), dtype=torch.float64)
    (kind, options), = regulariser.items()
    count = -(-len(x) // options["share"])
    at = x[:count]
    if kind == "gradient_penalty":
        at = at + uniforms(stream, count)[:, None] * (fake[:count].detach() - at)
    at = at.detach().requires_grad_()
    gradient, = torch.autograd.grad(gan.score(at, LABELS[:count], weights).sum(), at, create_graph=True)
    squares = gradient.square().sum(1)
    if kind == "r1":
        return options["gamma"] / 2 * squares.mean()
    return options["lambda"] * ((squares + 1e-12).sqrt() - 1).square().mean()


def digest(values):
    """The first 64 values, and the sum where there are more."""
    flat = values.detach().flatten()
    return flat if len(flat) <= 64 else torch.cat([flat[:64], flat.sum().reshape(1)])


def step(gan, loss, regulariser, x, z, vectors, golden, prefix):
    is_style = "style" in gan.config["generator"]
    critic = {n: w for n, w in gan.weights.items() if n.startswith("discriminator")}
    maker = {n: w for n, w in gan.weights.items() if n.startswith("generator")}
    fake = gan.generate(z)
    weights = normalised(gan, vectors, True) if regulariser == "spectral_norm" else None
    real_score = gan.score(x, LABELS, weights)
    d_loss = discriminator_loss(loss, real_score, gan.score(fake.detach(), LABELS, weights))
    penalty = penalty_of(gan, regulariser, x, fake, weights, 4 if is_style else 0)
    gradients = torch.autograd.grad(d_loss + penalty, list(critic.values()))
    for (name, weight), gradient in zip(critic.items(), gradients):
        golden[f"{prefix}.grad.{name}"] = digest(gradient)
        # Adam's first step: both corrected moments are those of the one gradient
        gan.weights[name] = (weight - RATIO * RATE * gradient / (gradient.abs() + EPS)).detach().requires_grad_()
    weights = normalised(gan, vectors, False) if regulariser == "spectral_norm" else None
    g_loss = generator_loss(loss, real_score.detach(), gan.score(fake, LABELS, weights))
    for name, gradient in zip(maker, torch.autograd.grad(g_loss, list(maker.values()))):
        golden[f"{prefix}.grad.{name}"] = digest(gradient)
    golden[f"{prefix}.losses"] = torch.stack([d_loss, penalty, g_loss]).detach()


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(5)
    golden, kept = {}, {}
    x = torch.rand(BATCH, 784, generator=generator).half().double()
    golden["x"] = x
    for index, (name, config, loss, regulariser) in enumerate(CASES):
        if name not in kept:
            kept[name] = random_weights(config, generator)
            metadata = {"inkling": json.dumps(config)}
            save_file(kept[name], FOLDER / f"gan-{name}.safetensors", metadata=metadata)
            golden[f"{name}.z"] = torch.randn(BATCH, config["z_dim"], generator=generator).half().double()
            golden[f"{name}.u"] = torch.randn(64, generator=generator).half().double()
        weights = {n: w.double().requires_grad_() for n, w in kept[name].items()}
        gan = Gan(config, weights)
        z = golden[f"{name}.z"]
        if f"{name}.pixels" not in golden:
            golden[f"{name}.pixels"] = (gan.generate(z, 0.5).detach() + 1) / 2
            if name == "style":
                golden["style.w"] = map_code(config, weights, gan.code(z)).detach()
            grey = x.clone().requires_grad_()
            golden[f"{name}.scores"] = gan.scores(2 * grey - 1).detach()
            score = gan.score(2 * grey - 1, LABELS)
            gradient, = torch.autograd.grad(score.sum(), grey)
            golden[f"{name}.map"] = gradient / gradient.abs().amax(1, keepdim=True)
        vectors, offset = {}, 0
        for layer in gan.d_names:
            rows = weights[layer + ".weight"].shape[0]
            vectors[layer + ".weight"], offset = golden[f"{name}.u"][offset:offset + rows], offset + rows
        step(gan, loss, regulariser, 2 * x - 1, z, vectors, golden, f"{index}")
    values = {name: value.float().contiguous() for name, value in golden.items()}
    described = [{"name": n, "loss": loss, "regulariser": r} for n, _, loss, r in CASES]
    save_file(values, FOLDER / "gan-golden.safetensors", metadata={"inkling": json.dumps(described)})


if __name__ == "__main__":
    main()
