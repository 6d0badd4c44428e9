"""Golden values of the autoregressive networks, for tests/golden in the crate.

    python make_autoregressive.py    (torch 2.15 and safetensors 0.8; writes autoregressive-golden.safetensors beside it)

The reference is written with the convolutions that the papers speak of; the weights are those of the engine, whose
matrices are here folded into kernels. Small networks on pictures of 8 x 8 random pixels.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
SIDE, BATCH, ROWS, REACH = 8, 2, 2, 3
CHANNELS, BLOCKS = 6, 2
UNITS, CELLS = 5, 2
WIDTH, LAYERS, HEADS = 8, 2, 2
PLACES = (2 * REACH + 1) * ROWS


class Weights(dict):
    """Parameters by name, drawn when they are first asked for with their shape."""

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, name, *shape):
        if name not in self:
            self[name] = (torch.randn(shape, generator=self.generator) / max(shape[-1], 4) ** 0.5).requires_grad_()
        return self[name]

    def linear(self, x, name, outputs):
        """A 1 x 1 convolution of [batch, inputs, height, width]."""
        weight = self(f"{name}.weight", outputs, x.shape[1])
        return F.conv2d(x, weight[..., None, None], self(f"{name}.bias", outputs))


def window(x, weight, above, cell=1):
    """What a place sees: `above`, ROWS rows of places and REACH to either side, or the REACH places to its left."""
    outputs, (rows, columns) = weight.shape[0], (ROWS, 2 * REACH + 1) if above else (1, REACH)
    kernel = weight.reshape(outputs, rows, columns, cell, cell).permute(0, 1, 3, 2, 4)
    kernel = kernel.reshape(outputs, 1, rows * cell, columns * cell)
    padding = (REACH, REACH, ROWS, 0) if above else (REACH, 0, 0, 0)
    seen = F.conv2d(F.pad(x, [cell * n for n in padding]), kernel, stride=cell)
    return seen[:, :, : SIDE // cell, : SIDE // cell]


def position(weights, width, side):
    return weights("position.weight", side * side, width).T.reshape(1, width, side, side)


def neighbours(x, places):
    """The features of neighbours (rows up, columns right) side by side along the channels, zeros outside."""
    padded = F.pad(x, (1, 1, 1, 0))
    height, width = x.shape[2:]
    return torch.cat([padded[:, :, 1 - up : 1 - up + height, 1 + right : 1 + right + width] for up, right in places], 1)


def pixelcnn(weights, x):
    w = weights("above.weight", CHANNELS, PLACES)
    vertical = F.silu(
        window(x, w, True) + weights("above.bias", CHANNELS)[None, :, None, None] + position(weights, CHANNELS, SIDE)
    )
    horizontal = window(x, weights("left.weight", CHANNELS, REACH), False)
    horizontal = horizontal + weights("left.bias", CHANNELS)[None, :, None, None]
    for block in range(BLOCKS):
        name = f"blocks.{block}"
        seen = neighbours(vertical, [(1, -1), (1, 0), (1, 1), (0, 0)])
        left = neighbours(horizontal, [(0, -1), (0, 0)])
        value, gate = (weights.linear(seen, f"{name}.vertical.{way}", CHANNELS) for way in ["value", "gate"])
        vertical = torch.tanh(value) * torch.sigmoid(gate)
        value, gate = (
            weights.linear(left, f"{name}.horizontal.{way}", CHANNELS)
            + weights.linear(vertical, f"{name}.down.{way}", CHANNELS)
            for way in ["value", "gate"]
        )
        horizontal = horizontal + weights.linear(torch.tanh(value) * torch.sigmoid(gate), f"{name}.out", CHANNELS)
    return weights.linear(F.relu(weights.linear(F.relu(horizontal), "head.0", CHANNELS)), "head.1", 1)


def row_lstm(weights, x):
    w = weights("input.weight", UNITS, PLACES + REACH)
    seen = window(x, w[:, :PLACES], True) + window(x, w[:, PLACES:], False)
    below = F.silu(seen + weights("input.bias", UNITS)[None, :, None, None] + position(weights, UNITS, SIDE))
    for cell in range(CELLS):
        if cell > 0:
            below = neighbours(below, [(0, -1), (0, 0)])
        name = f"layers.{cell}"
        h = c = torch.zeros(BATCH, UNITS, 1, SIDE)
        rows = []
        for row in range(SIDE):
            gates = {}
            for gate in ["input", "forget", "output", "candidate"]:
                state = weights(f"{name}.{gate}.state.weight", UNITS, 3 * UNITS)
                kernel = state.reshape(UNITS, 3, UNITS).transpose(1, 2)[:, :, None, :]
                gates[gate] = weights.linear(below[:, :, row : row + 1], f"{name}.{gate}.in", UNITS)
                gates[gate] = gates[gate] + F.conv2d(h, kernel, padding=(0, 1))
            i, f, o = (torch.sigmoid(gates[gate]) for gate in ["input", "forget", "output"])
            c = f * c + i * torch.tanh(gates["candidate"])
            h = o * torch.tanh(c)
            rows.append(h)
        below = torch.cat(rows, 2)
    return weights.linear(F.relu(weights.linear(below, "head.0", UNITS)), "head.1", 1)


def transformer(weights, x):
    side, inner = SIDE // 2, 4
    w = weights("input.weight", WIDTH, (PLACES + REACH) * inner)
    seen = window(x, w[:, : PLACES * inner], True, 2) + window(x, w[:, PLACES * inner :], False, 2)
    seen = seen + weights("input.bias", WIDTH)[None, :, None, None] + position(weights, WIDTH, side)
    stream = seen.flatten(2).transpose(1, 2)

    def norm(x, name):
        return F.layer_norm(x, [WIDTH], weights(f"{name}.weight", WIDTH), weights(f"{name}.bias", WIDTH))

    def linear(x, name, outputs):
        return F.linear(x, weights(f"{name}.weight", outputs, x.shape[-1]), weights(f"{name}.bias", outputs))

    for layer in range(LAYERS):
        name = f"layers.{layer}"
        projected = linear(norm(stream, f"{name}.norm1"), f"{name}.attention.in", 3 * WIDTH)
        q, k, v = projected.reshape(BATCH, -1, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        stream = stream + linear(attended, f"{name}.attention.out", WIDTH)
        hidden = F.silu(linear(norm(stream, f"{name}.norm2"), f"{name}.mlp.0", 4 * WIDTH))
        stream = stream + linear(hidden, f"{name}.mlp.1", WIDTH)
    return linear(norm(stream, "norm"), "head", 16)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    x = (torch.rand(BATCH, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(3)) > 0.5).float()
    golden = {"x": x.flatten(1)}
    for seed, (model, network) in enumerate({"pixel_cnn": pixelcnn, "row_lstm": row_lstm, "transformer": transformer}.items()):
        weights = Weights(seed)
        logits = network(weights, x)
        if model == "transformer":
            patches = x.reshape(BATCH, SIDE // 2, 2, SIDE // 2, 2).permute(0, 1, 3, 2, 4).reshape(BATCH, -1, 4)
            numbers = (patches @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
            nats = F.cross_entropy(logits.flatten(0, 1), numbers.flatten(), reduction="none").reshape(BATCH, -1).sum(1)
        else:
            nats = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
        nats.mean().backward()
        golden[f"{model}.logits"], golden[f"{model}.nats"] = logits.detach().flatten(), nats.detach()
        for name, weight in weights.items():
            golden[f"{model}.weight.{name}"] = weight.detach()
            golden[f"{model}.gradient.{name}"] = weight.grad
    save_file({name: value.contiguous() for name, value in golden.items()}, FOLDER / "autoregressive-golden.safetensors")


if __name__ == "__main__":
    main()
