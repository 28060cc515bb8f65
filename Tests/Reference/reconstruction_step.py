"""Reconstruction of one transformer block in PyTorch, written from the method's formulas with autograd.

It shares no code and no derivation with the program: gradients are autograd's, rounding is passed straight through.
`reconstruction_golden.py` makes goldens with it, `reconstruction_peer.py` times it.

Where sources differ, the program's decision records (docs/decisions) say what is computed:

    2   divisors are the terms' means over up to four batches of the calibrated unit, roundings hard
    4   Adam sees s · ∂L∕∂s, and s is multiplied by 1 − its step; zero points and δ stay
    6   weights and biases move in units of their row's quantization step
    8   the global term sees the first images of a batch, whole tasks of some images
    14  logarithmic levels have bases 2^(k∕37), and the top code stands for 0
    15  grad_norm: terms pull at the weights as their weights say; the block term keeps its divisor
"""
import math

import torch
from torch.nn import functional as F

from reconstruction_draws import Batches, Generator, input_choice, signs, site_choice

SITES = ["qkv_input", "q", "k", "v", "attention", "proj_input", "fc1_input", "fc2_input"]
LAYERS = ["qkv", "proj", "fc1", "fc2"]
GELU_SHIFT = 0.1699712
METRIC_TEMPERATURE = 20
FISHER_RANK = 5
PERTURBED_IMAGES = 128


class Rounded(torch.autograd.Function):
    """Rounds half to even; the gradient passes straight through."""

    # How near to a tie a value has come since this was reset; None measures nothing.
    margin = None

    @staticmethod
    def forward(ctx, x):
        if Rounded.margin is not None and x.numel():
            Rounded.margin = min(Rounded.margin, float((x.double() - x.double().floor() - 0.5).abs().min()))
        return x.round()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def uniform(x, s, z, top):
    """s · (clip(round(x∕s) + z, 0, top) − z); s has LSQ's gradient by autograd."""
    return s * (torch.clamp(Rounded.apply(x / s) + z, 0, top) - z)


def logarithmic(x, delta, exponent, top, shift):
    """δ · 2^(−code · exponent) − shift, the top code standing for −shift."""
    share = torch.clamp((x + shift) / delta, torch.finfo(x.dtype).tiny, 1)
    code = Rounded.apply(-torch.log2(share) / exponent)
    return torch.where(code < top, delta * torch.exp2(-code * exponent), torch.zeros_like(x)) - shift


def soft_rounding(alpha):
    return torch.clamp(torch.sigmoid(alpha) * 1.2 - 0.1, 0, 1)


def initial_alpha(w, s):
    share = w / s - torch.floor(w / s)
    return -torch.log(1.2 / (share + 0.1) - 1)


def ada_round(w, alpha, s, z, top, hard):
    h = (alpha >= 0).to(w.dtype) if hard else soft_rounding(alpha)
    return s * (torch.clamp(torch.floor(w / s) + h + z, 0, top) - z)


class Site:
    """One activation's quantizer. Parameters have a group for each head, or one."""

    def __init__(self, kind, top, scales, other=None, shift=0.0):
        self.kind, self.top, self.scales, self.other, self.shift = kind, top, scales, other, shift

    def __call__(self, x):
        # [images, heads, tokens, …] with a group for each head, else one group.
        shape = (-1, 1, 1) if self.scales.numel() > 1 else (1,)
        s = self.scales.reshape(shape)
        if self.kind == "uniform":
            return uniform(x, s, self.other.reshape(shape), self.top)
        if self.kind == "log_sqrt2":
            return logarithmic(x, s, 0.5, self.top, 0.0)
        return logarithmic(x, s, self.other.reshape(shape) / 37, self.top, self.shift)


def block(x, p, heads, activation, site=lambda name, value: value):
    """A pre-norm block in timm's layout.

    Args:
        x: [images, tokens, width].
        p: parameters by name.
        site: what happens to activations.

    Returns:
        The output, and what every operator gave.
    """
    images, tokens, width = x.shape
    y = F.layer_norm(x, (width,), p["norm1.weight"], p["norm1.bias"], 1e-6)
    qkv = F.linear(site("qkv_input", y), p["qkv.weight"], p["qkv.bias"])
    q, k, v = qkv.reshape(images, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4).unbind(0)
    scores = site("q", q) @ site("k", k).transpose(-2, -1) * (width // heads) ** -0.5
    context = site("attention", scores.softmax(-1)) @ site("v", v)
    context = context.transpose(1, 2).reshape(images, tokens, width)
    proj = F.linear(site("proj_input", context), p["proj.weight"], p["proj.bias"])
    x = x + proj * p["ls1.gamma"] if "ls1.gamma" in p else x + proj
    y = F.layer_norm(x, (width,), p["norm2.weight"], p["norm2.bias"], 1e-6)
    fc1 = F.linear(site("fc1_input", y), p["fc1.weight"], p["fc1.bias"])
    hidden = F.gelu(fc1) if activation == "gelu" else F.relu(fc1)
    fc2 = F.linear(site("fc2_input", hidden), p["fc2.weight"], p["fc2.bias"])
    x = x + fc2 * p["ls2.gamma"] if "ls2.gamma" in p else x + fc2
    return x, [qkv, scores, context, proj, fc1, fc2]


class Suffix:
    """The frozen units downstream: blocks, and a head that reads the class token."""

    def __init__(self, blocks, head, heads, activation):
        self.blocks, self.head, self.heads, self.activation = blocks, head, heads, activation

    def __call__(self, x):
        """The logits and the feature before the classifier."""
        for p in self.blocks:
            x, _ = block(x, p, self.heads, self.activation)
        feature = F.layer_norm(x[:, 0], (x.shape[2],), self.head["norm.weight"], self.head["norm.bias"], 1e-6)
        return F.linear(feature, self.head["head.weight"], self.head["head.bias"]), feature


def divergence(wanted, given, temperature):
    """KL(softmax(wanted∕T) ‖ softmax(given∕T)), summed over images."""
    return F.kl_div(
        F.log_softmax(given / temperature, 1), F.log_softmax(wanted / temperature, 1), reduction="sum",
        log_target=True)


class Adam:
    """Adam (arXiv 1412.6980) on plain tensors, so that every row can have its own rate."""

    def __init__(self, like, epsilon=1e-8):
        self.m, self.v, self.epsilon = torch.zeros_like(like), torch.zeros_like(like), epsilon

    def step(self, gradient, number):
        """The step in units of the rate."""
        self.m.mul_(0.9).add_(gradient, alpha=0.1)
        self.v.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        deviation = (self.v / (1 - 0.999 ** number)).sqrt_().add_(self.epsilon)
        return self.m / (1 - 0.9 ** number) / deviation


class Metric:
    """How errors of the output count in the block term; weights have a mean of 1."""

    def __init__(self, weights=None, rows=None, inverse=None, scale=0.0):
        self.weights, self.rows, self.inverse, self.scale = weights, rows, inverse, scale

    def __call__(self, output, target, images):
        error = output - target
        if self.weights is None:
            return error.square().mean()
        weights = self.weights if self.weights.ndim == 2 else self.weights[images]
        value = (error.square() * weights).sum()
        if self.rows is not None:
            a = torch.einsum("itc,ktc->ik", error.abs(), self.rows)
            value = value + self.scale * torch.einsum("ik,kl,il->", a, self.inverse, a)
        return value / error.numel()


class Reconstruction:
    """One block being learned.

    Args:
        task: unit (its name), heads, activation, full_precision, state (parameters by name), weight_scales and
            weight_zero_points by layer, weight_top, sites (a Site for each name), prefix_input, input, target, logits,
            features, suffix.
        settings: a preset and rates of reconstruction_presets.py, with steps, batch and seed.
    """

    def __init__(self, task, settings):
        self.task, self.settings = task, settings
        self.images = task.input.shape[0]
        self.batch = min(settings.batch, self.images)
        self.learns_rounding = settings.rounding == "adaround"
        self.scale = {n: task.weight_scales[n].reshape(-1, 1) for n in LAYERS}
        self.zero = {n: task.weight_zero_points[n].reshape(-1, 1) for n in LAYERS}
        self.variables = {}
        for name in LAYERS:
            w = task.state[name + ".weight"]
            start = initial_alpha(w, self.scale[name]) if self.learns_rounding else w.clone()
            self.variables[name] = start.requires_grad_()
        self.biases = {n: task.state[n + ".bias"].clone().requires_grad_(not self.learns_rounding) for n in LAYERS}
        self.sites = task.sites
        self.learned_sites = [n for n in SITES if self.sites[n].kind == "uniform"]
        for name in self.learned_sites:
            self.sites[name].scales = self.sites[name].scales.clone().requires_grad_()
        self.adam = {n: Adam(self.variables[n]) for n in LAYERS}
        self.bias_adam = {n: Adam(self.biases[n]) for n in LAYERS}
        # No floor worth mentioning: the gradient of a logarithm may be small.
        self.scale_adam = {n: Adam(self.sites[n].scales, 1e-12) for n in self.learned_sites}
        self.batches = Batches(self.images, Generator(settings.seed, f"batches of {task.unit}"))
        self.drops = Generator(settings.seed, f"drops of {task.unit}")
        per_task = min(self.batch, max(1, min(4, 100 // task.input.shape[1])))
        tasks = -(-self.batch // per_task)
        self.seen = min(self.batch, per_task * max(1, math.ceil(settings.global_share * tasks)))
        self.completed = 0
        self.metric = Metric()
        self.fisher = []
        self.prepare_metric()
        self.measure_start()

    # Passes

    def weight(self, name, hard=False):
        if self.learns_rounding:
            return ada_round(
                self.task.state[name + ".weight"], self.variables[name], self.scale[name], self.zero[name],
                self.task.weight_top, hard)
        return uniform(self.variables[name], self.scale[name], self.zero[name], self.task.weight_top)

    def weights(self, hard=False):
        return {n: self.weight(n, hard) for n in LAYERS}

    def forward(self, batch, weights, drop=None):
        """The quantized unit's output and its operators' outputs."""
        task, settings = self.task, self.settings
        x = task.prefix_input[batch]
        if drop is not None and settings.input_drop > 0:
            mask = torch.from_numpy(input_choice(drop, settings.input_drop, x.numel())).reshape(x.shape)
            x = torch.where(mask, task.input[batch], x)

        def site(name, value):
            quantized = self.sites[name](value)
            if drop is None or settings.activation_drop == 0:
                return quantized
            index = SITES.index(name)
            mask = torch.from_numpy(site_choice(drop, settings.activation_drop, index, value.numel()))
            if name in ("q", "k", "v"):
                # Elements are numbered by image, token and channel; heads are channels side by side.
                images, heads, tokens, width = value.shape
                mask = mask.reshape(images, tokens, heads, width).transpose(1, 2)
            return torch.where(mask.reshape(value.shape), quantized, value)

        parameters = dict(task.state)
        for name in LAYERS:
            parameters[name + ".weight"], parameters[name + ".bias"] = weights[name], self.biases[name]
        return block(x, parameters, task.heads, task.activation, site)

    def reference(self, batch):
        with torch.no_grad():
            return block(self.task.input[batch], self.task.full_precision, self.task.heads, self.task.activation)[1]

    def terms(self, batch, weights, drop=None):
        task, settings = self.task, self.settings
        output, operators = self.forward(batch, weights, drop)
        result = {"block": self.metric(output, task.target[batch], batch)}
        if settings.global_weight > 0:
            logits, feature = task.suffix(output[:self.seen])
            seen = batch[:self.seen]
            if settings.global_target == "features":
                result["global"] = (feature - task.features[seen]).square().mean()
            else:
                result["global"] = divergence(task.logits[seen], logits, settings.temperature) / len(seen)
        if settings.local_weight > 0:
            result["local"] = sum(
                (u - v).square().mean() / power
                for u, v, power in zip(operators, self.reference(batch), self.power)) / len(operators)
        return result

    # The start

    def measure_start(self):
        draw = Generator(self.settings.seed, f"divisors of {self.task.unit}")
        count = min(4, -(-self.images // self.batch))
        sums = {}
        with torch.no_grad():
            weights = self.weights(hard=True)
            for index in range(count):
                batch = draw.permutation(self.images)[:self.batch]
                if index == 0:
                    self.power = [u.square().mean() for u in self.reference(batch)]
                for name, term in self.terms(batch, weights).items():
                    sums[name] = sums.get(name, 0) + float(term) / count
        fixed = self.settings.fusion == "fixed"
        self.divisors = {n: 1.0 if fixed else max(1e-12, value) for n, value in sums.items()}

    def divergence_gradient(self, output, images):
        """The gradient of every image's divergence, at what the unit would give."""
        y = output.detach().requires_grad_()
        logits, _ = self.task.suffix(y)
        return torch.autograd.grad(divergence(self.task.logits[images], logits, METRIC_TEMPERATURE), y)[0]

    def prepare_metric(self):
        distance = self.settings.block_distance
        everything = list(range(self.images))
        if distance == "brecq":
            with torch.no_grad():
                output, _ = self.forward(everything, self.weights(hard=True))
            squares = self.divergence_gradient(output, everything).square()
            self.metric = Metric(squares / squares.mean())
        elif distance == "aphq":
            self.metric = Metric(self.perturbation_hessian())
        elif distance == "fima":
            self.renew_fisher(everything[:self.batch])

    def perturbation_hessian(self):
        """How far the gradient moves where every channel of the target moves up or down, in the mean over images."""
        target = self.task.target
        size = max(1e-2 * float(target.square().mean().sqrt()), 1e-6)
        draws = signs(Generator(self.settings.seed, f"perturbation of {self.task.unit}"), target.shape[2])
        shift = size * torch.from_numpy(draws).to(target.dtype)
        # Whole batches only, of images in order.
        count = min(self.images, max(self.batch, PERTURBED_IMAGES)) // self.batch * self.batch
        images = list(range(count))
        change = self.divergence_gradient(target[images] + shift, images) - self.divergence_gradient(
            target[images] - shift, images)
        weights = change.abs().mean(0)
        return weights / weights.mean()

    def renew_fisher(self, batch):
        """Adds a pair of mean magnitudes, of gradients and of errors, and makes the metric of all pairs."""
        with torch.no_grad():
            output, _ = self.forward(batch, self.weights())
        gradient = self.divergence_gradient(output, batch).abs().mean(0)
        error = (output - self.task.target[batch]).abs().mean(0)
        self.fisher.append((gradient, error))
        rows = torch.stack([g for g, _ in self.fisher])
        errors = torch.stack([e for _, e in self.fisher])
        products = torch.einsum("ktc,ltc->kl", errors, errors)
        damping = 1e-4 * products.diagonal().mean() * torch.eye(len(products), dtype=products.dtype)
        inverse = torch.linalg.inv(products + damping)
        weights = rows.mean(0) / rows.mean()
        # Both parts are alike on the errors' magnitudes that were just measured.
        a = torch.einsum("tc,ktc->k", error, rows)
        scale = (error.square() * weights).sum() / (a @ inverse @ a)
        self.metric = Metric(weights, rows, inverse, scale)

    # Steps

    def rate(self, progress):
        """The factor on learning rates: up linearly, then down as a cosine."""
        warm_up = self.settings.warm_up
        if progress < warm_up:
            return progress / warm_up
        return 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up)))

    def factors(self):
        return {n: getattr(self.settings, n + "_weight") / d for n, d in self.divisors.items()}

    def penalty(self, progress):
        """AdaRound's regulariser: off for a fifth of the steps, then β from 20 to 2."""
        if not self.learns_rounding or progress < 0.2:
            return 0.0
        beta = 20 - 18 * (progress - 0.2) / 0.8
        return self.settings.regularizer * sum(
            (1 - (2 * soft_rounding(v) - 1).abs().pow(beta)).sum() for v in self.variables.values())

    def gradients(self, batch):
        """The fused loss on some images without drops, and its gradients by weights and by scales."""
        weights = self.weights()
        factors = self.factors()
        loss = sum(factors[n] * t for n, t in self.terms(batch, weights).items())
        scales = [self.sites[n].scales for n in self.learned_sites]
        found = torch.autograd.grad(loss, list(weights.values()) + scales)
        return float(loss.detach()), dict(zip(LAYERS, found)), dict(zip(self.learned_sites, found[len(LAYERS):]))

    def step(self, probes=True):
        """One step.

        Returns:
            The loss, the terms, the terms as weighted and, where a step probes, the norms of their gradients.
        """
        settings, index = self.settings, self.completed
        self.completed += 1
        progress = index / settings.steps
        batch = self.batches.next(self.batch)
        interval = max(1, settings.steps // FISHER_RANK)
        if settings.block_distance == "fima" and index > 0 and index % interval == 0 and len(self.fisher) < FISHER_RANK:
            self.renew_fisher(batch)
        drop = None
        if settings.input_drop > 0 or settings.activation_drop > 0:
            drop = self.drops.next() & 0xFFFFFFFF
        factors = self.factors()
        weights = self.weights()
        terms = self.terms(batch, weights, drop)
        weighted = {n: factors[n] * t for n, t in terms.items()}
        norms = None
        if probes and index % max(1, settings.steps // 20) == 0:
            norms = {n: self.norm(t, weights) for n, t in weighted.items()}
        loss = sum(weighted.values()) + self.penalty(progress)
        loss.backward()
        if settings.fusion == "grad_norm" and norms:
            # A term's norm at factor 1 over the block term's is what its divisor is over the block term's.
            pull = {n: norm / factors[n] for n, norm in norms.items()}
            for name in ("global", "local"):
                if pull.get(name, 0) > 0:
                    self.divisors[name] = max(1e-12, self.divisors["block"] * pull[name] / pull["block"])
        self.update(index + 1, self.rate(progress))
        return float(loss.detach()), {n: float(t.detach()) for n, t in terms.items()}, {
            n: float(t.detach()) for n, t in weighted.items()}, norms

    def norm(self, term, weights):
        gradients = torch.autograd.grad(term, list(weights.values()), retain_graph=True)
        return math.sqrt(sum(float(g.double().square().sum()) for g in gradients))

    @torch.no_grad()
    def update(self, number, rate):
        for name in LAYERS:
            step = rate * self.settings.weight_rate
            variable, bias = self.variables[name], self.biases[name]
            direction = self.adam[name].step(variable.grad, number)
            if self.learns_rounding:
                variable.sub_(direction, alpha=step)
            else:
                variable.sub_(direction.mul_(self.scale[name]), alpha=step)
                bias.sub_(self.bias_adam[name].step(bias.grad, number).mul_(self.scale[name][:, 0]), alpha=step)
                bias.grad = None
            variable.grad = None
        for name in self.learned_sites:
            scales = self.sites[name].scales
            direction = self.scale_adam[name].step(scales.grad * scales, number)
            scales.mul_(1 - rate * self.settings.scale_rate * direction)
            scales.grad = None
