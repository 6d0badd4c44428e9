"""Golden values of single operations from PyTorch, for tests/golden in the crate.

    python make_ops.py    (torch 2.15 and safetensors 0.8; deterministic; writes ops.safetensors beside it)

Every case stores its inputs as `CASE.in.NAME`, its output as `CASE.out` and, for a fixed upstream gradient stored as
`CASE.upstream`, the gradients of the inputs as `CASE.grad.NAME`. Computed in f64, stored in f32.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
GENERATOR = torch.Generator().manual_seed(3)
GOLDEN = {}


def random(*shape):
    # values that f32 holds exactly
    return torch.randn(*shape, generator=GENERATOR).double()


def case(name, function, inputs, constants=None):
    constants = constants or {}
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    out = function(**leaves, **constants)
    upstream = random(*out.shape) if out.dim() else torch.ones((), dtype=torch.float64)
    (out * upstream).sum().backward()
    store(f"{name}.out", out.detach())
    store(f"{name}.upstream", upstream)
    for key, value in leaves.items():
        store(f"{name}.in.{key}", value.detach())
        store(f"{name}.grad.{key}", value.grad)
    for key, value in constants.items():
        store(f"{name}.in.{key}", value)


def store(name, value):
    GOLDEN[name] = value.float().contiguous().clone()


def convolutions():
    case("conv2d", lambda x, weight, bias: F.conv2d(x, weight, bias, stride=2, padding=1),
         {"x": random(2, 3, 9, 9), "weight": random(5, 3, 4, 4), "bias": random(5)})
    case("conv2d_unit", lambda x, weight, bias: F.conv2d(x, weight, bias),
         {"x": random(2, 3, 5, 7), "weight": random(4, 3, 3, 3), "bias": random(4)})
    case("conv_transpose2d", lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, stride=2, padding=1),
         {"x": random(2, 5, 4, 4), "weight": random(5, 3, 4, 4), "bias": random(3)})
    case("avg_pool2d", lambda x: F.avg_pool2d(x, 2), {"x": random(2, 3, 6, 8)})
    case("max_pool2d", lambda x: F.max_pool2d(x, 2), {"x": random(2, 3, 6, 8)})
    case("upsample_nearest", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), {"x": random(2, 3, 3, 5)})


def normalisations():
    affine = lambda n: {"weight": random(n), "bias": random(n)}
    case("layer_norm", lambda x, weight, bias: F.layer_norm(x, (11,), weight, bias, eps=1e-5),
         {"x": random(4, 11), **affine(11)})
    case("group_norm", lambda x, weight, bias: F.group_norm(x, 3, weight, bias, eps=1e-5),
         {"x": random(2, 6, 4, 5), **affine(6)})
    mean, variance = random(3) * 0.1, random(3).abs() + 0.5
    mean, variance = mean.float().double(), variance.float().double()
    store("batch_norm_train.in.running_mean", mean)
    store("batch_norm_train.in.running_var", variance)
    running = [mean.clone(), variance.clone()]
    case("batch_norm_train",
         lambda x, weight, bias: F.batch_norm(x, running[0], running[1], weight, bias, training=True, momentum=0.1, eps=1e-5),
         {"x": random(4, 3, 5, 5), **affine(3)})
    store("batch_norm_train.running_mean", running[0])
    store("batch_norm_train.running_var", running[1])
    case("batch_norm_eval",
         lambda x, weight, bias, running_mean, running_var: F.batch_norm(x, running_mean, running_var, weight, bias, training=False, eps=1e-5),
         {"x": random(4, 3, 5, 5), **affine(3)}, {"running_mean": mean, "running_var": variance})


def pointwise_and_losses():
    wide = torch.cat([torch.linspace(-30, 30, 25), torch.tensor([-100.0, -1e-4, 0.0, 1e-4, 100.0])]).double()
    for name, function in {
        "relu": F.relu, "silu": F.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": lambda x: F.softplus(x, threshold=1000),
        "gelu": lambda x: F.gelu(x, approximate="tanh"), "gelu_exact": F.gelu, "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
    }.items():
        case(name, lambda x, f=function: f(x), {"x": wide})
    case("softmax", lambda x: F.softmax(x, -1), {"x": random(3, 13) * 5})
    case("log_softmax", lambda x: F.log_softmax(x, -1), {"x": random(3, 13) * 5})
    case("logsumexp", lambda x: torch.logsumexp(x, -1), {"x": random(3, 13) * 50})
    labels = torch.tensor([3, 0, 9, 3], dtype=torch.float64)
    case("cross_entropy", lambda x, labels: F.cross_entropy(x, labels.long()), {"x": random(4, 10) * 3}, {"labels": labels})
    targets = (random(4, 9) > 0).double()
    case("bce_with_logits", lambda x, targets: F.binary_cross_entropy_with_logits(x, targets),
         {"x": random(4, 9) * 20}, {"targets": targets})
    case("mse", lambda x, targets: F.mse_loss(x, targets), {"x": random(4, 9)}, {"targets": random(4, 9)})
    case("gaussian_kl", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1),
         {"mu": random(4, 5), "logvar": random(4, 5)})
    index = torch.tensor([2, 0, 2, 6, 1], dtype=torch.float64)
    case("embedding", lambda weight, index: F.embedding(index.long(), weight), {"weight": random(7, 4)}, {"index": index})


def optimizers():
    """Four AdamW steps on a quadratic with clipping by global norm, and their EMA: p and EMA after every step."""
    target, start = [random(5, 3), random(7)], [random(5, 3), random(7)]
    for i in range(2):
        store(f"adamw.in.target{i}", target[i])
        store(f"adamw.in.start{i}", start[i])
    parameters = [p.clone().requires_grad_() for p in start]
    average = [p.clone() for p in start]
    optimizer = torch.optim.AdamW(parameters, lr=1e-2, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.05)
    for step in range(4):
        optimizer.zero_grad()
        loss = sum(((p - t) ** 2).sum() for p, t in zip(parameters, target))
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        store(f"adamw.norm{step}", norm.reshape(1))
        for i in range(2):
            average[i] = 0.9 * average[i] + 0.1 * parameters[i].detach()
            store(f"adamw.p{i}.step{step}", parameters[i].detach())
            store(f"adamw.ema{i}.step{step}", average[i])


def main():
    torch.set_num_threads(1)
    convolutions()
    normalisations()
    pointwise_and_losses()
    optimizers()
    save_file(GOLDEN, FOLDER / "ops.safetensors")


if __name__ == "__main__":
    main()
