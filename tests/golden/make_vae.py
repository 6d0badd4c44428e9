"""Golden values of a VAE trained in PyTorch, for tests/golden in the crate.

    python make_vae.py    (torch 2.15 and safetensors 0.8; deterministic; writes the vae-*.safetensors beside it)

The network is the VAE of the PyTorch examples (fc1, fc21, fc22, fc3, fc4), trained for a moment on synthetic strokes,
not on MNIST: what is tested is that our engine computes what PyTorch computes.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent
HIDDEN, Z, BATCH = 32, 4, 3


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, HIDDEN)
        self.fc21 = nn.Linear(HIDDEN, Z)
        self.fc22 = nn.Linear(HIDDEN, Z)
        self.fc3 = nn.Linear(Z, HIDDEN)
        self.fc4 = nn.Linear(HIDDEN, 784)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))


def strokes(count, generator):
    """Random soft bars: enough structure for a VAE to learn something."""
    axis = torch.arange(28, dtype=torch.float32)
    angle, offset = torch.rand(2, count, 1, 1, generator=generator)
    angle, offset = angle * torch.pi, offset * 12 - 6
    y, x = axis.view(1, 28, 1) - 13.5, axis.view(1, 1, 28) - 13.5
    distance = (x * angle.cos() + y * angle.sin() - offset).abs()
    return torch.exp(-(distance**2) / 4).reshape(count, 784)


def terms(model, x, eps):
    """Per-image reconstruction (nats) and KL (nats), both to be minimised."""
    mu, logvar = model.encode(x)
    logits = model.decode(mu + eps * (0.5 * logvar).exp())
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)
    return reconstruction, kl


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(2)
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(300):
        x = strokes(64, generator)
        reconstruction, kl = terms(model, x, torch.randn(64, Z, generator=generator))
        optimizer.zero_grad()
        (reconstruction + kl).mean().backward()
        optimizer.step()
    # weights that survive f16, so that the golden file is what the engine would ship
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    save_file({name: value.half().contiguous() for name, value in model.state_dict().items()}, FOLDER / "vae-torch.safetensors")

    x = (strokes(BATCH, generator) > 0.5).float()
    z = torch.randn(BATCH, Z, generator=generator)
    eps = torch.randn(BATCH, Z, generator=generator)
    golden = {"x": x, "z": z, "eps": eps}
    with torch.no_grad():
        golden["decode"] = torch.sigmoid(model.decode(z))
        golden["mu"], golden["logvar"] = model.encode(x)
    reconstruction, kl = terms(model, x, eps)
    model.zero_grad()
    (reconstruction + kl).mean().backward()
    golden["reconstruction"], golden["kl"] = reconstruction.detach(), kl.detach()
    for name, parameter in model.named_parameters():
        # the widest gradients are stored in part: the sum over inputs and the first 16 columns
        gradient = parameter.grad
        golden[f"grad_sum.{name}"] = gradient.sum().reshape(1)
        golden[f"grad.{name}"] = gradient[..., 300:316].contiguous() if gradient.shape[-1] == 784 else gradient
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        reconstruction, kl = terms(model, x, eps)
        loss = (reconstruction + kl).mean()
        losses.append(loss.detach().reshape(1))
        loss.backward()
        optimizer.step()
    golden["adam_losses"] = torch.cat(losses)
    save_file({name: value.contiguous() for name, value in golden.items()}, FOLDER / "vae-golden.safetensors")


if __name__ == "__main__":
    main()
