"""Golden values of a small normalizing flow written in PyTorch, for tests/golden in the crate.

    python make_flow.py    (torch 2.15 and safetensors 0.8; deterministic; writes the flow-*.safetensors beside it)

Pictures of 8 x 8, one level of convolutional couplings and three couplings on the 16 pixels that are left, as
crate/src/models/flow.rs describes them. Weights are random, pictures synthetic; all is computed in double precision.
"""

import json
import math
import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
SIDE, BATCH, COMPONENTS, PAPER = 8, 3, 3, 0.99
CHANNELS, LAYERS, COUPLINGS, HIDDEN = 4, 1, 3, 6
CONFIG = {
    "family": "flow",
    "side": SIDE,
    "levels": [{"channels": CHANNELS, "layers": LAYERS}],
    "top": {"couplings": COUPLINGS, "hidden": HIDDEN},
    "components": COMPONENTS,
    "paper": PAPER,
}
# the grids of a squeezed picture in the order in which they are drawn: (row, column) of the first pixel
PHASES = [(0, 0), (1, 1), (0, 1), (1, 0)]


def parameters():
    """Random weights that f16 holds exactly, by name."""
    shapes = {}

    def layer(name, outputs, *inputs):
        shapes[f"{name}.weight"] = (outputs, *inputs)
        shapes[f"{name}.bias"] = (outputs,)

    for known in (1, 2, 3):
        name = f"levels.0.{known}"
        layer(f"{name}.in", CHANNELS, known, 3, 3)
        shapes[f"{name}.label.weight"] = (10, CHANNELS)
        for index in range(LAYERS):
            layer(f"{name}.{index}", CHANNELS, CHANNELS, 3, 3)
        layer(f"{name}.out", 3 * COMPONENTS, CHANNELS, 1, 1)
    for coupling in range(COUPLINGS):
        name = f"top.{coupling}"
        layer(f"{name}.in", HIDDEN, 2 * 8)
        shapes[f"{name}.label.weight"] = (10, HIDDEN)
        layer(f"{name}.0", HIDDEN, HIDDEN)
        layer(f"{name}.out", 3 * COMPONENTS * 8, HIDDEN)
    generator = torch.Generator().manual_seed(3)
    values = {}
    for name, shape in shapes.items():
        fan_in = math.prod(shape[1:]) if len(shape) > 1 else 4
        values[name] = (torch.randn(shape, generator=generator) / math.sqrt(fan_in)).half().double().requires_grad_()
    return values


def to_logit(v):
    """y = logit F(v) and the logarithm of its slope."""
    above = torch.where(v > 1, (1 - PAPER) * (256 - v) / 255, 1 - PAPER * v)
    slope = torch.where(v > 1, torch.tensor((1 - PAPER) / 255).log().double(), torch.tensor(PAPER).log().double())
    below = torch.where(v > 1, 1 - above, PAPER * v)
    return below.log() - above.log(), slope - below.log() - above.log()


def from_logit(y):
    dark = 256 - 255 / (1 - PAPER) * torch.sigmoid(-y)
    v = torch.where(y > math.log(PAPER / (1 - PAPER)), dark, torch.sigmoid(y) / PAPER)
    return v.clamp(1 / 65536, 256 - 1 / 65536)


class Mixture:
    def __init__(self, numbers):
        weight, mean, scale = numbers.reshape(numbers.shape[0], 3, COMPONENTS, -1).unbind(1)
        self.log_weight = weight.log_softmax(1)
        self.mean = mean + torch.linspace(0, 10, COMPONENTS, dtype=torch.float64).view(1, -1, 1)
        self.scale = scale.clamp(-6, 4).exp()

    def map(self, y):
        """The logistic noise and the logarithm of the slope, by the distribution itself."""
        w = (y.unsqueeze(1) - self.mean) / self.scale
        weight = self.log_weight.exp()
        below, above = (weight * torch.sigmoid(w)).sum(1), (weight * torch.sigmoid(-w)).sum(1)
        density = (weight * torch.sigmoid(w) * torch.sigmoid(-w) / self.scale).sum(1)
        return below.log() - above.log(), density.log() - below.log() - above.log()

    def invert(self, z):
        low, high = torch.full_like(z, -1000.0), torch.full_like(z, 1000.0)
        for _ in range(200):
            y = 0.5 * (low + high)
            larger = self.map(y)[0] > z
            low, high = torch.where(larger, low, y), torch.where(larger, y, high)
        return y


def level_mixture(p, label, known):
    """`known`: grids [batch, 16] of v."""
    name = f"levels.0.{len(known)}"
    x = torch.stack([(grid.floor() + 0.5).reshape(-1, 4, 4) / 256 for grid in known], 1)
    h = F.conv2d(x, p[f"{name}.in.weight"], p[f"{name}.in.bias"], padding=1)
    h = h + p[f"{name}.label.weight"][label][:, :, None, None]
    for index in range(LAYERS):
        h = h + F.conv2d(F.silu(h), p[f"{name}.{index}.weight"], p[f"{name}.{index}.bias"], padding=1)
    return Mixture(F.conv2d(F.silu(h), p[f"{name}.out.weight"], p[f"{name}.out.bias"]))


def top_mixture(p, label, coupling, kept):
    name = f"top.{coupling}"
    x = torch.cat([kept / 8, torch.sigmoid(kept - 5)], 1)
    h = F.silu(F.linear(x, p[f"{name}.in.weight"], p[f"{name}.in.bias"]) + p[f"{name}.label.weight"][label])
    h = F.silu(h + F.linear(h, p[f"{name}.0.weight"], p[f"{name}.0.bias"]))
    return Mixture(F.linear(h, p[f"{name}.out.weight"], p[f"{name}.out.bias"]))


def grids(picture):
    picture = picture.reshape(-1, SIDE, SIDE)
    return [picture[:, row::2, column::2].reshape(-1, 16) for row, column in PHASES]


def join(parts):
    picture = torch.empty(parts[0].shape[0], SIDE, SIDE, dtype=torch.float64)
    for part, (row, column) in zip(parts, PHASES):
        picture[:, row::2, column::2] = part.reshape(-1, 4, 4)
    return picture.reshape(-1, SIDE * SIDE)


def encode(p, label, v):
    """z, log p in nats and the logarithm of the Jacobian's determinant."""
    determinant = torch.zeros(v.shape[0], dtype=torch.float64)
    known, noise = grids(v), []
    for count in (1, 2, 3):
        y, first = to_logit(known[count])
        z, second = level_mixture(p, label, known[:count]).map(y)
        determinant = determinant + (first + second).sum(1)
        noise.append(z)
    y, first = to_logit(known[0])
    determinant = determinant + first.sum(1)
    halves = [y[:, 0::2], y[:, 1::2]]
    for coupling in range(COUPLINGS):
        changed = coupling % 2
        halves[changed], slope = top_mixture(p, label, coupling, halves[1 - changed]).map(halves[changed])
        determinant = determinant + slope.sum(1)
    top = torch.stack(halves, 2).reshape(-1, 16)
    z = join([top, *noise])
    return z, determinant - (F.softplus(z) + F.softplus(-z)).sum(1), determinant


def decode(p, label, z):
    top, *noise = grids(z)
    halves = [top[:, 0::2], top[:, 1::2]]
    for coupling in reversed(range(COUPLINGS)):
        changed = coupling % 2
        halves[changed] = top_mixture(p, label, coupling, halves[1 - changed]).invert(halves[changed])
    known = [from_logit(torch.stack(halves, 2).reshape(-1, 16))]
    for count in (1, 2, 3):
        known.append(from_logit(level_mixture(p, label, known[:count]).invert(noise[count - 1])))
    return join(known)


def main():
    torch.set_num_threads(1)
    p = parameters()
    generator = torch.Generator().manual_seed(4)
    ink = torch.rand(BATCH, SIDE * SIDE, generator=generator)
    grey = torch.randint(1, 256, ink.shape, generator=generator)
    v = (torch.where(ink < 0.6, 0, grey) + 0.002 + 0.996 * torch.rand(ink.shape, generator=generator)).float().double()
    label = torch.tensor([3, 0, 7])
    while True:
        # networks read bytes: a pixel next to a whole number may be another byte in single precision
        uniform = 0.01 + 0.98 * torch.rand(ink.shape, generator=generator)
        noise = (uniform.log() - (1 - uniform).log()).float().double()
        decoded = decode(p, label, noise)
        if (decoded - decoded.round().clamp(1, 255)).abs().min() > 1e-3:
            break

    z, log_likelihood, determinant = encode(p, label, v)
    loss = -log_likelihood.mean() / (SIDE * SIDE * math.log(2))
    loss.backward()
    golden = {"v": v, "label": label, "z": z, "log_likelihood": log_likelihood, "determinant": determinant,
              "loss": loss.reshape(1), "noise": noise, "decoded": decoded}
    golden |= {f"grad.{name}": value.grad for name, value in p.items()}
    save_file({name: value.detach().float().contiguous() for name, value in golden.items()},
              FOLDER / "flow-golden.safetensors")
    save_file({name: value.detach().half().contiguous() for name, value in p.items()},
              FOLDER / "flow-weights.safetensors", {"inkling": json.dumps(CONFIG)})


if __name__ == "__main__":
    main()
