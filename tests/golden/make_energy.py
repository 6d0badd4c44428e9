"""Golden values of energy-based models, for tests/golden_energy.rs.

    python make_energy.py    (torch 2.15 and safetensors 0.8; deterministic; writes the energy-*.safetensors here)

The RBM's log Z is a sum over all states of its hidden units, its gradient the derivative of that.
"""

import itertools
import json
import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional

FOLDER = pathlib.Path(__file__).parent
HIDDEN, CHANNELS, WIDTH = 7, [3, 4, 5], 6
STEP_SIZE, NOISE, LIMIT = 2.0, 0.05, 0.03

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)


def single(tensor):
    """What the f32 file will hold, in f64."""
    return tensor.float().double()


def normal(*shape, scale=1.0):
    return single(scale * torch.randn(*shape))


def save(name, tensors, config=None):
    metadata = {"inkling": json.dumps(config)} if config else None
    values = {key: value.detach().float().contiguous() for key, value in tensors.items()}
    save_file(values, FOLDER / name, metadata=metadata)


# ---- the restricted Boltzmann machine --------------------------------------------------------------------------------


def free_energy(v, p):
    return -(v @ p["visible_bias"]) - functional.softplus(v @ p["weight"].T + p["hidden_bias"]).sum(1)


def log_z(p):
    h = torch.tensor(list(itertools.product([0.0, 1.0], repeat=HIDDEN)))
    return torch.logsumexp(h @ p["hidden_bias"] + functional.softplus(h @ p["weight"] + p["visible_bias"]).sum(1), 0)


def rbm(golden):
    p = {
        "weight": normal(HIDDEN, 784, scale=0.2),
        "visible_bias": normal(784) - 1.0,
        "hidden_bias": normal(HIDDEN),
    }
    save("energy-rbm.safetensors", p, {"family": "rbm", "hidden": HIDDEN})
    x = torch.bernoulli(torch.full((3, 784), 0.3))
    for value in p.values():
        value.requires_grad_()
    golden["rbm.x"] = x
    golden["rbm.energy"] = free_energy(x, p)
    golden["rbm.hidden"] = torch.sigmoid(x @ p["weight"].T + p["hidden_bias"])
    h = golden["rbm.h"] = torch.bernoulli(torch.full((3, HIDDEN), 0.5))
    golden["rbm.visible"] = torch.sigmoid(h @ p["weight"] + p["visible_bias"])
    golden["rbm.log_z"] = log_z(p).reshape(1)
    nll = free_energy(x, p).mean() + log_z(p)
    gradients = dict(zip(p, torch.autograd.grad(nll, list(p.values()))))
    golden |= {f"rbm.gradient.{name}": value for name, value in gradients.items()}
    # centred: the same machine in E = -(v - mu) b' - (h - lambda) c' - (h - lambda) W (v - mu), whose parameters move by
    # the gradients there and are then brought back
    mu, lam = torch.sigmoid(normal(784)), torch.sigmoid(normal(HIDDEN))
    q = {name: value.detach().clone() for name, value in p.items()}
    q["visible_bias"] += lam @ q["weight"]
    q["hidden_bias"] += q["weight"] @ mu
    for value in q.values():
        value.requires_grad_()

    def plain(q):
        visible = q["visible_bias"] - lam @ q["weight"]
        return {"weight": q["weight"], "visible_bias": visible, "hidden_bias": q["hidden_bias"] - q["weight"] @ mu}

    nll = free_energy(x, plain(q)).mean() + log_z(plain(q))
    moves = dict(zip(q, torch.autograd.grad(nll, list(q.values()))))
    rate = 1.0
    before, after = plain(q), plain({name: value - rate * moves[name] for name, value in q.items()})
    golden["rbm.mu"], golden["rbm.lambda"] = mu, lam
    golden |= {f"rbm.centred.{name}": (before[name] - after[name]) / rate for name in p}
    return golden


# ---- the convolutional energy ----------------------------------------------------------------------------------------


def logits(x, p):
    y = x.reshape(-1, 1, 28, 28)
    for name in ["conv1", "conv2", "conv3"]:
        y = functional.silu(functional.conv2d(y, p[f"{name}.weight"], p[f"{name}.bias"], stride=2, padding=1))
    y = functional.silu(functional.linear(y.flatten(1), p["fc1.weight"], p["fc1.bias"]))
    return functional.linear(y, p["fc2.weight"], p["fc2.bias"])


def energy(x, labels, p):
    f = logits(x, p)
    known = f.gather(1, labels.clamp(max=9)[:, None])[:, 0]
    return -torch.where(labels == 10, torch.logsumexp(f, 1), known)


def convolutional(golden):
    p, inputs = {}, 1
    for index, (outputs, kernel) in enumerate(zip(CHANNELS, [4, 3, 3])):
        p[f"conv{index + 1}.weight"] = normal(outputs, inputs, kernel, kernel, scale=(inputs * kernel**2) ** -0.5)
        p[f"conv{index + 1}.bias"] = normal(outputs, scale=0.3)
        inputs = outputs
    for name, width, outputs in [("fc1", inputs * 16, WIDTH), ("fc2", WIDTH, 10)]:
        p[f"{name}.weight"] = normal(outputs, width, scale=2 * width**-0.5)
        p[f"{name}.bias"] = normal(outputs, scale=0.3)
    config = {"family": "energy", "channels": CHANNELS, "hidden": WIDTH, "step_size": STEP_SIZE, "noise": NOISE}
    save("energy-conv.safetensors", p, config)
    x, labels, eps = single(2 * torch.rand(3, 784) - 1), torch.tensor([4, 10, 9]), normal(3, 784)
    x.requires_grad_()
    energies = energy(x, labels, p)
    gradient = torch.autograd.grad(energies.sum(), x)[0]
    step = (x - STEP_SIZE * gradient.clamp(-LIMIT, LIMIT) + NOISE * eps).clamp(-1, 1)
    assert (gradient.abs() > LIMIT).any() and (step.abs() == 1).any()
    return golden | {
        "conv.x": x,
        "conv.labels": labels,
        "conv.eps": eps,
        "conv.logits": logits(x, p),
        "conv.energy": energies,
        "conv.gradient": -gradient / gradient.abs().amax(1, keepdim=True),
        "conv.step": step,
    }


save("energy-golden.safetensors", convolutional(rbm({})))
