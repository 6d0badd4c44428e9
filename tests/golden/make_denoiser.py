"""Golden values of denoisers, their training and the samplers, for tests/golden_denoiser.rs.

    python make_denoiser.py    (torch 2.15 and safetensors 0.8; deterministic; writes the denoiser-*.safetensors here)

A trajectory is stored in part: of each state and prediction every 29th pixel, and the mean and the root mean square
over all.
"""

import json
import math
import pathlib

import torch
from denoiser_reference import CHANNELS, EMBEDDING, GROUPS, HEADS, HIDDEN, NONE, SEEDS
from denoiser_reference import Mlp, Model, Unet, normals, point, randomize, trajectory
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent


# ---- training --------------------------------------------------------------------------------------------------------


def clone(model):
    network = type(model.network)().double()
    network.load_state_dict(model.network.state_dict())
    return network


def errors(model, network, given, eps):
    """Each image's error in mean square: Ho et al. 2020, eq. 14; Lipman et al. 2023, eq. 23."""
    x0, times = given["data"], torch.tensor([0.2, 0.85], dtype=torch.float64)
    points = [point(model.config["path"], t.item()) for t in times]
    alpha, sigma = torch.tensor(points, dtype=torch.float64).T[..., None]
    target = eps if model.config["prediction"] == "eps" else eps - x0
    p = network(alpha * x0 + sigma * eps, times, torch.tensor([3, NONE]))
    return (p - target).pow(2).mean(1)


def optimize(model, loss, steps=4):
    """Losses of AdamW's steps with clipped gradients, and the weights' moving average."""
    network = clone(model)
    average = {name: value.clone() for name, value in network.named_parameters()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, betas=(0.9, 0.99), weight_decay=0.01)
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        value = loss(network, step)
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(value.detach().reshape(1))
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                average[name] += 0.25 * (parameter - average[name])
    return torch.cat(losses), average


def training(model, given):
    golden = {}
    weight = torch.tensor([1.0, 0.5], dtype=torch.float64)
    network = clone(model)
    loss = (errors(model, network, given, given["x_T"]) * weight).mean()
    loss.backward()
    golden["loss"] = loss.detach().reshape(1)
    for name, parameter in network.named_parameters():
        gradient = parameter.grad.flatten()
        golden[f"grad.{name}"] = gradient[:: -(-len(gradient) // 40)]
        golden[f"grad_norm.{name}"] = gradient.norm().reshape(1)

    # noise drawn by the step's key
    def drawn(network, step):
        eps = normals(SEEDS[0], step, 2 * 784).view(2, 784)
        return (errors(model, network, given, eps) * weight).mean()

    golden["drawn_losses"], _ = optimize(model, drawn)
    # pairs: the pseudo-Huber distance of Song and Dhariwal 2023, eq. 6, over the root of the number of pixels, without
    # its constant
    width = 0.00054 * math.sqrt(784)

    def pairs(network, _step):
        squares = errors(model, network, given, given["x_T"]) * 784
        return ((squares + width**2).sqrt() / math.sqrt(784) * weight).mean()

    golden["pairs_losses"], average = optimize(model, pairs)
    for name in ("out.weight", "attention.in_proj_weight", "net.2.weight"):
        if name in average:
            golden[f"ema.{name}"] = average[name].flatten()[:40]
    return {f"{model.name}.{name}": value for name, value in golden.items()}


# ---- the files -------------------------------------------------------------------------------------------------------


def strokes(count, generator):
    axis = torch.arange(28, dtype=torch.float64) - 13.5
    angle, offset = torch.rand(2, count, 1, 1, generator=generator, dtype=torch.float64)
    distance = (axis * (angle * torch.pi).cos() + axis[:, None] * (angle * torch.pi).sin() - offset * 12 + 6).abs()
    return (2 * torch.exp(-(distance**2) / 4) - 1).reshape(count, 784)


def digest(images):
    return torch.cat([images[:, 3::29], images.mean(1, True), images.pow(2).mean(1, True).sqrt()], 1)


def cases(unet, unet_v, mlp):
    """Trajectories by name: the model and the spec, as `inkling sample` and the page have it."""

    def spec(sampler, classes=(3, 7), steps=10, **rest):
        common = {"spacing": "uniform", "eta": 0.0, "guidance_scale": 0.0, "direction": "denoise", "seed": SEEDS[0]}
        common["start"] = {"kind": "exact", "t": 1.0}
        return {"sampler": sampler, "steps": steps, "classes": list(classes), **common, **rest}

    none = (NONE, NONE)
    encode = {"start": {"kind": "data"}, "direction": "encode"}
    return {
        "ddpm": (unet, spec("ddpm", (3, NONE))),
        "ddim guided": (unet, spec("ddim", guidance_scale=2.0)),
        "ddim eta": (unet, spec("ddim", (0, 9), eta=0.5, spacing="quadratic")),
        "dpm-solver": (unet, spec("dpm-solver", guidance_scale=2.0)),
        "dpm-solver log-snr": (unet, spec("dpm-solver", spacing="log-snr")),
        "euler": (unet, spec("euler", (3, NONE))),
        "euler guided": (unet, spec("euler", (8, NONE), guidance_scale=2.0, spacing="quadratic")),
        "midpoint": (unet, spec("midpoint", (1, 2))),
        "heun guided": (unet, spec("heun", guidance_scale=2.0)),
        "heun log-snr": (unet, spec("heun", spacing="log-snr")),
        "ddim encode": (unet, spec("ddim", **encode)),
        "dpm-solver encode": (unet, spec("dpm-solver", **encode)),
        "heun encode": (unet, spec("heun", guidance_scale=2.0, **encode)),
        "repaint": (unet, spec("ddpm", steps=4, start={"kind": "noise"}, inpaint={"resample": 2, "jump": 2})),
        "sdedit": (unet, spec("dpm-solver", steps=6, start={"kind": "source", "t": 0.6})),
        "v ddim": (unet_v, spec("ddim", guidance_scale=2.0, spacing="log-snr")),
        "v midpoint": (unet_v, spec("midpoint")),
        "textbook ddpm": (mlp, spec("ddpm", none)),
        "textbook ddim": (mlp, spec("ddim", none, eta=0.5, spacing="quadratic")),
        "textbook dpm-solver": (mlp, spec("dpm-solver", none)),
        "textbook heun": (mlp, spec("heun", none)),
        "textbook encode": (Model("mlp", mlp.network, mlp.config, False), spec("ddim", none, **encode)),
    }


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(3)
    network = {"unet": {"channels": CHANNELS, "embedding": EMBEDDING, "heads": HEADS, "groups": GROUPS}}
    trained = {"prediction": "velocity", "path": "straight", "conditional": True}
    unet_config = {"family": "denoiser", "network": network, **trained}
    trained = {"prediction": "eps", "path": "linear", "conditional": False}
    mlp_config = {"family": "denoiser", "network": {"mlp": {"hidden": HIDDEN}}, **trained}
    unet = Model("unet", randomize(Unet(), generator).double(), unet_config, False)
    unet_v = Model("unet", unet.network, {**unet_config, "prediction": "v", "path": "cosine"}, False)
    mlp = Model("mlp", randomize(Mlp(), generator).double(), mlp_config, True)
    for model in (unet, mlp):
        weights = {name: value.half().contiguous() for name, value in model.network.state_dict().items()}
        save_file(weights, FOLDER / f"denoiser-{model.name}.safetensors", {"inkling": json.dumps(model.config)})

    given = {
        "x_T": torch.randn(2, 784, generator=generator),
        "data": strokes(2, generator),
        "mask": (torch.rand(784, generator=generator) < 0.4),
    }
    # the numbers that both sides start from
    given = {name: value.float().double() for name, value in given.items()}
    golden = dict(given)
    described = []
    with torch.no_grad():
        for model, times in ((unet, (0.0, 0.31, 1.0)), (mlp, (0.001, 0.5, 1.0))):
            for t in times:
                p = model.network(given["x_T"], torch.full((2,), t, dtype=torch.float64), torch.tensor([3, NONE]))
                golden[f"{model.name}.predict.{t}"] = p
        for name, (model, spec) in cases(unet, unet_v, mlp).items():
            frames = [torch.stack([digest(value) for value in frame]) for frame in trajectory(model, spec, given)]
            golden[f"trajectory.{name}"] = torch.stack(frames)
            described.append({"name": name, "weights": model.name, "config": model.config, "spec": spec})
    for model in (unet, mlp):
        golden |= training(model, given)
    golden = {name: value.float().contiguous() for name, value in golden.items()}
    for name, value in golden.items():
        assert value.isfinite().all(), name
    save_file(golden, FOLDER / "denoiser-golden.safetensors", {"inkling": json.dumps(described)})
    for path in FOLDER.glob("denoiser-*.safetensors"):
        path.chmod(0o644)


if __name__ == "__main__":
    main()
