"""Denoisers and samplers written from the papers, in PyTorch and f64, from which make_denoiser.py takes its values.

Networks are tiny, with random weights; no parameter is zero. The noise is Philox4x32-10's, so that steps that draw
noise can be compared too.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CHANNELS, EMBEDDING, HEADS, GROUPS, WAVES = (8, 16), 16, 2, 4, 32
HIDDEN = (16, 16)
NONE = 10
SEEDS = (5, 6)


# ---- networks --------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    """The residual block of Dhariwal and Nichol 2021, with adaptive group norm."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.film = nn.Linear(EMBEDDING, 2 * outputs)
        self.norm2 = nn.GroupNorm(GROUPS, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, embedding):
        scale, shift = self.film(embedding)[..., None, None].chunk(2, dim=1)
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.norm2(y) * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(y))


class Attention(nn.MultiheadAttention):
    def __init__(self, channels):
        super().__init__(channels, HEADS, batch_first=True)
        self.norm = nn.GroupNorm(GROUPS, channels)

    def forward(self, x):
        tokens = self.norm(x).flatten(2).transpose(1, 2)
        y, _ = super().forward(tokens, tokens, tokens, need_weights=False)
        return x + y.transpose(1, 2).reshape(x.shape)


class Unet(nn.Module):
    """On patches of 2 x 2 pixels: a level of 14 x 14, one of 7 x 7 with attention."""

    def __init__(self):
        super().__init__()
        outer, inner = CHANNELS
        self.time = nn.Sequential(nn.Linear(2 * WAVES, EMBEDDING), nn.SiLU(), nn.Linear(EMBEDDING, EMBEDDING))
        self.label = nn.Embedding(11, EMBEDDING)
        self.stem = nn.Conv2d(1, outer, 2, stride=2)
        self.down = nn.ModuleList([Block(outer, outer), Block(inner, inner)])
        self.downsample = nn.Conv2d(outer, inner, 3, stride=2, padding=1)
        self.attention = Attention(inner)
        self.up = nn.ModuleList([Block(2 * outer, outer), Block(inner, inner)])
        self.upsample = nn.Conv2d(inner, outer, 1)
        self.out_norm = nn.GroupNorm(GROUPS, outer)
        self.out = nn.Conv2d(outer, 4, 3, padding=1)

    def forward(self, x, t, label):
        frequencies = torch.exp(-math.log(10_000) * torch.arange(WAVES) / WAVES)
        angles = 1000 * t[:, None] * frequencies
        embedding = F.silu(self.time(torch.cat([angles.cos(), angles.sin()], 1)) + self.label(label))
        first = self.down[0](self.stem(x.reshape(-1, 1, 28, 28)), embedding)
        y = self.down[1](self.downsample(first), embedding)
        y = self.up[1](self.attention(y), embedding)
        y = F.interpolate(self.upsample(y), scale_factor=2, mode="nearest")
        y = self.up[0](torch.cat([y, first], 1), embedding)
        return F.pixel_shuffle(self.out(F.silu(self.out_norm(y))), 2).flatten(1)


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (785, *HIDDEN, 784)
        layers = [layer for pair in zip(widths, widths[1:]) for layer in (nn.Linear(*pair), nn.ReLU())]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x, t, _label):
        return self.net(torch.cat([x, t[:, None]], 1))


def randomize(network, generator):
    """Weights that survive f16; scales about 1, everything else with PyTorch's spread and never zero."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name and name.endswith("weight"):
                value = 1 + 0.1 * noise
            elif parameter.ndim == 1:
                value = 0.1 * noise
            else:
                value = noise / math.sqrt(parameter[0].numel())
            parameter.copy_(value.half())
    return network


# ---- paths: x_t = alpha x_0 + sigma eps ------------------------------------------------------------------------------

# Ho et al. 2020, section 4
LOG_ALPHA_BAR = np.concatenate([[0], np.cumsum(np.log1p(-np.linspace(1e-4, 0.02, 1000)))])


def alpha_bar(path, t):
    if path == "linear":
        return math.exp(np.interp(1000 * t, np.arange(1001), LOG_ALPHA_BAR))
    # Nichol and Dhariwal 2021, eq. 17
    f = [math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2 for time in (t, 0)]
    return 0.0 if t == 1 else f[0] / f[1]


def point(path, t):
    if path == "straight":
        return 1 - t, t
    bar = alpha_bar(path, t)
    return math.sqrt(bar), math.sqrt(1 - bar)


def half_log_snr(path, t):
    alpha, sigma = point(path, t)
    return math.log(alpha / sigma) if alpha > 0 and sigma > 0 else math.inf if alpha > 0 else -math.inf


def time_of(path, target):
    """The time at which half the log SNR, which falls with t, is `target`: by bisection."""
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if half_log_snr(path, middle) > target else (low, middle)
    return (low + high) / 2


def spaced(spacing, path, first, last, steps):
    """Times between; those of equal log SNR go from -9 to 9 at most."""
    noisy, clean = max(first, last), min(first, last)
    parts = [k / steps for k in range(steps + 1)]
    if spacing == "uniform":
        times = [noisy + (clean - noisy) * part for part in parts]
    elif spacing == "quadratic":
        times = [clean + (noisy - clean) * (1 - part) ** 2 for part in parts]
    else:
        low, high = (min(max(half_log_snr(path, t), -4.5), 4.5) for t in (noisy, clean))
        times = [noisy, *(time_of(path, low + (high - low) * part) for part in parts[1:-1]), clean]
    return times if first > last else times[::-1]


# ---- noise -----------------------------------------------------------------------------------------------------------


def philox(seed, stream, blocks):
    """Salmon et al. 2011: Philox4x32-10 of the counters (block, stream) for blocks 0, 1, ..."""
    low = np.uint64(0xFFFFFFFF)
    block = np.arange(blocks, dtype=np.uint64)
    c = [block, np.zeros_like(block), block * 0 + np.uint64(stream & 0xFFFFFFFF), block * 0 + np.uint64(stream >> 32)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        shift = np.uint64(32)
        c = [(b >> shift) ^ c[1] ^ np.uint64(k[0]), b & low, (a >> shift) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, 1)


def normals(seed, count, length):
    """Box and Muller on 24-bit uniform numbers; the node's own stream is 0."""
    words = (philox(seed, count << 32, -(-length // 4)) >> np.uint64(8)).astype(np.float64)
    radius = np.sqrt(-2 * np.log((words[:, 0::2] + 1) / 2**24))
    angle = 2 * np.pi * words[:, 1::2] / 2**24
    values = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 2).reshape(-1)[:length]
    return torch.from_numpy(values)


def digit_noise(count):
    return torch.stack([normals(seed, count, 784) for seed in SEEDS])


# ---- what a network tells of a state ---------------------------------------------------------------------------------


class Model:
    def __init__(self, name, network, config, clip):
        self.name, self.network, self.config, self.clip = name, network, config, clip

    def raw(self, x, t, spec):
        label = torch.tensor(spec["classes"])
        time = torch.full((len(label),), t, dtype=torch.float64)
        p = self.network(x, time, label)
        if spec["guidance_scale"] > 0:
            # Ho and Salimans 2022, eq. 6
            p = p + spec["guidance_scale"] * (p - self.network(x, time, torch.full_like(label, NONE)))
        return p

    def ask(self, x, at, spec):
        """x_0 and eps of the state x = alpha x_0 + sigma eps, on whichever path it lies."""
        alpha, sigma = at
        if self.config["prediction"] == "velocity":
            # on the straight path with the same ratio of noise to signal
            scale = 1 / (alpha + sigma)
            s = sigma * scale
            p = self.raw(x * scale, s, spec)
            return x * scale - s * p, x * scale + (1 - s) * p
        scale = 1 / math.hypot(alpha, sigma)
        a, b = alpha * scale, sigma * scale
        ratio = math.inf if b == 0 else -math.inf if a == 0 else math.log(a / b)
        native = self.config["path"]
        s = 0.0 if ratio == math.inf else 1.0 if ratio == -math.inf else time_of(native, ratio)
        p = self.raw(x * scale, s, spec)
        if self.config["prediction"] == "v":
            # Salimans and Ho 2022, section 4
            return a * x * scale - b * p, b * x * scale + a * p
        x0, eps = (x * scale - b * p) / a, p
        if self.clip:
            x0 = x0.clamp(-1, 1)
            eps = (x * scale - a * x0) / b if b > 0 else p
        return x0, eps


# ---- samplers --------------------------------------------------------------------------------------------------------


def ddpm(path, x, t, u, x0, noise):
    """Ho et al. 2020, eq. 6 and 7, with alpha_bar of the two times."""
    bar, before = alpha_bar(path, t), alpha_bar(path, u)
    beta = 1 - bar / before
    mean = (math.sqrt(before) * beta * x0 + math.sqrt(bar / before) * (1 - before) * x) / (1 - bar)
    return mean + math.sqrt((1 - before) / (1 - bar) * beta) * noise


def ddim(path, t, u, x0, eps, eta, noise):
    """Song et al. 2021, eq. 12 and 16."""
    bar, before = alpha_bar(path, t), alpha_bar(path, u)
    s = eta * math.sqrt((1 - before) / (1 - bar)) * math.sqrt(1 - bar / before) if eta > 0 else 0.0
    return math.sqrt(before) * x0 + math.sqrt(1 - before - s**2) * eps + s * noise


def dpm_solver(path, x, times, k, x0, eps, x0_before):
    """Lu et al. 2022b, algorithm 2; of first order at the first step and where the log SNR is infinite."""
    t, u = times[k], times[k + 1]
    (alpha_t, sigma_t), (alpha_u, sigma_u) = point(path, t), point(path, u)
    if sigma_t == 0:
        return alpha_u * x0 + sigma_u * eps
    h = half_log_snr(path, u) - half_log_snr(path, t)
    d = x0
    if k > 0 and math.isfinite(h):
        h_before = half_log_snr(path, t) - half_log_snr(path, times[k - 1])
        r = h_before / h
        d = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * x0_before
    # the paper's alpha_u (e^-h - 1), or what it tends to
    factor = alpha_u * math.expm1(-h) if math.isfinite(h) else sigma_u * alpha_t / sigma_t - alpha_u
    return sigma_u / sigma_t * x - factor * d


def flow(sampler, velocity, x, t, u, first):
    """Runge-Kutta methods for dx / dt = eps - x_0 on the straight path; `first` is the slope at t."""
    h = u - t
    if sampler == "euler":
        return x + h * first
    if sampler == "midpoint":
        return x + h * velocity(x + h / 2 * first, t + h / 2)
    return x + h / 2 * (first + velocity(x + h * first, u))


def path_of(model, spec):
    if spec["sampler"] in ("euler", "midpoint", "heun"):
        return "straight"
    return "linear" if model.config["path"] == "linear" else "cosine"


def plan(model, spec):
    """(kind, step) of each move, and the times."""
    path = path_of(model, spec)
    # an eps network tells no x_0 where the state is all noise: the linear schedule ends before
    is_cut = path == "straight" and model.config["path"] == "linear"
    noisiest = time_of("straight", half_log_snr("linear", 1)) if is_cut else 1.0
    start = min(spec["start"].get("t", 1.0), noisiest)
    ends = (0.0, noisiest) if spec["direction"] == "encode" else (start, 0.0)
    times = spaced(spec["spacing"], path, *ends, spec["steps"])
    inpaint = spec.get("inpaint", {"resample": 1, "jump": spec["steps"]})
    moves = []
    for first in range(0, spec["steps"], inpaint["jump"]):
        stretch = range(first, min(first + inpaint["jump"], spec["steps"]))
        for repetition in range(inpaint["resample"]):
            moves += [("renoise", first)] if repetition > 0 else []
            moves += [("denoise", k) for k in stretch]
    return moves, times


def trajectory(model, spec, given):
    """Every state with what was predicted from it: frames of (x_t, x_0, eps)."""
    path, (moves, times) = path_of(model, spec), plan(model, spec)
    alpha, sigma = point(path, times[0])
    x = {
        "noise": lambda: sigma * digit_noise(0),
        "source": lambda: alpha * given["data"] + sigma * digit_noise(0),
        "exact": lambda: given["x_T"],
        "data": lambda: given["data"],
    }[spec["start"]["kind"]]()
    frames, x0, eps = [], None, None

    def velocity(x, t):
        x0, eps = model.ask(x, point("straight", t), spec)
        return eps - x0

    for count, (kind, k) in enumerate(moves):
        noise = digit_noise(count + 1)
        if kind == "renoise":
            # Lugmayr et al. 2022, algorithm 1, line 10, over several steps at once
            frames.append((x, x0, eps))
            end = next(step for what, step in reversed(moves[:count]) if what == "denoise") + 1
            ratio = alpha_bar(path, times[k]) / alpha_bar(path, times[end])
            x = math.sqrt(ratio) * x + math.sqrt(1 - ratio) * noise
            continue
        t, u = times[k], times[k + 1]
        before, (x0, eps) = x0, model.ask(x, point(path, t), spec)
        frames.append((x, x0, eps))
        match spec["sampler"]:
            case "ddpm":
                x = ddpm(path, x, t, u, x0, noise)
            case "ddim":
                x = ddim(path, t, u, x0, eps, spec["eta"], noise)
            case "dpm-solver":
                x = dpm_solver(path, x, times, k, x0, eps, before)
            case sampler:
                x = flow(sampler, velocity, x, t, u, eps - x0)
        if "inpaint" in spec:
            # eq. 8
            alpha, sigma = point(path, u)
            x = given["mask"] * (alpha * given["data"] + sigma * noise) + (1 - given["mask"]) * x
    frames.append((x, x if spec["direction"] == "denoise" else x0, eps))
    return frames
