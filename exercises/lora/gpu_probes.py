"""The workloads by which an implementation of `lora.py` is measured on a GPU. Holds no expected values.

A workload prepares a model for a seed and gives two functions: one makes the inputs of a repetition from its own seed,
one takes the step. A and B are inputs, too, so that nothing that was made of them before is of any use. What a step
gives is small, and yet none of the work can be left out for it: every number has passed through a GELU behind all of
the products. `device.noise` gives the same numbers on every device, in float64 where the exact answer is asked for.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu


class _Factor:
    """A or B as the paper writes it, wherever and however a layer stores it; it is found by its shape."""

    def __init__(self, parameters: Iterable[nn.Parameter], shape: tuple[int, int]) -> None:
        fitting = [p for p in parameters if p.requires_grad and tuple(p.shape) in (shape, shape[::-1])]
        if not fitting:
            raise LookupError(f"found no trainable tensor of shape {shape} or {shape[::-1]}")
        self._tensor = fitting[0]
        self._flipped = tuple(self._tensor.shape) != shape

    def set(self, values: Tensor) -> None:
        with torch.no_grad():
            self._tensor.copy_(values.T if self._flipped else values)
        self._tensor.grad = None

    @property
    def grad(self) -> Tensor:
        grad = self._tensor.grad
        return (grad.T if self._flipped else grad).reshape(-1)


def _linear(device, seed: int, d_in: int, d_out: int, dtype: torch.dtype, place: str = "") -> nn.Linear:
    linear = nn.Linear(d_in, d_out, bias=False, device=place or device.place, dtype=device.dtype(dtype))
    with torch.no_grad():
        linear.weight.copy_(device.noise(seed, d_out, d_in, dtype=dtype, size=1.7 / math.sqrt(d_in)))
    return linear


def _factors(layer: nn.Module, r: int, d_in: int, d_out: int) -> list[_Factor]:
    return [_Factor(layer.parameters(), (r, d_in)), _Factor(layer.parameters(), (d_out, r))]


def _noise_for(device, seed: int, r: int, d_in: int, d_out: int, dtype: torch.dtype) -> list[Tensor]:
    A = device.noise(seed, r, d_in, dtype=dtype, size=1.7 / math.sqrt(d_in))
    return [A, device.noise(seed + 1, d_out, r, dtype=dtype, size=0.5)]


def _learn(factors: list[_Factor], values: list[Tensor], loss) -> Tensor:
    """The gradients of all A and B, which were given new values."""
    for factor, value in zip(factors, values, strict=True):
        factor.set(value)
    loss().backward()
    return torch.cat([factor.grad for factor in factors])


def block(impl, device, seed, d, hidden, r, rows, alpha):
    """`LoRALinear`, unmerged: forward and backward through two layers with a GELU between them, in bfloat16"""
    d, hidden, rows, dtype = d // device.scale, hidden // device.scale, rows // device.scale, torch.bfloat16
    up = impl.LoRALinear(_linear(device, seed, d, hidden, dtype), r, alpha)
    down = impl.LoRALinear(_linear(device, seed + 1, hidden, d, dtype), r, alpha)
    factors = _factors(up, r, d, hidden) + _factors(down, r, hidden, d)

    def inputs(one):
        values = _noise_for(device, one, r, d, hidden, dtype) + _noise_for(device, one + 2, r, hidden, d, dtype)
        return values, *(device.noise(one + n, rows, d, dtype=dtype) for n in (4, 5))

    def step(values, x, weights):
        return _learn(factors, values, lambda: (gelu(down(gelu(up(x)))) * weights).sum())

    return inputs, step


def _forward(device, layer, d, hidden, rows):
    """Forward alone through one layer; a weighted sum over the rows stands for all of its output."""

    def inputs(one):
        weights = device.noise(one + 1, rows, 1, dtype=torch.bfloat16)
        return device.noise(one, rows, d, dtype=torch.bfloat16), weights

    @torch.no_grad()
    def step(x, weights):
        return (gelu(layer(x)) * weights).sum(0)

    return inputs, step


def merged(impl, device, seed, d, hidden, r, rows, alpha):
    """`LoRALinear` after `merge()`: forward alone, in bfloat16"""
    d, hidden, rows = d // device.scale, hidden // device.scale, rows // device.scale
    layer = impl.LoRALinear(_linear(device, seed, d, hidden, torch.bfloat16), r, alpha)
    values = _noise_for(device, seed + 1, r, d, hidden, torch.bfloat16)
    for factor, value in zip(_factors(layer, r, d, hidden), values, strict=True):
        factor.set(value)
    layer.merge()
    return _forward(device, layer, d, hidden, rows)


def bare(impl, device, seed, d, hidden, r, rows, alpha):
    """`nn.Linear`: forward alone, in bfloat16"""
    d, hidden, rows = d // device.scale, hidden // device.scale, rows // device.scale
    return _forward(device, _linear(device, seed, d, hidden, torch.bfloat16), d, hidden, rows)


def large(impl, device, seed, d, hidden, r, rows, alpha):
    """`LoRALinear`, unmerged: forward and backward of few rows through one large layer, in bfloat16"""
    d, hidden, rows, dtype = d // device.scale, hidden // device.scale, max(1, rows // device.scale), torch.bfloat16
    layer = impl.LoRALinear(_linear(device, seed, d, hidden, dtype), r, alpha)
    factors = _factors(layer, r, d, hidden)

    def inputs(one):
        x, weights = (device.noise(one + 2 + n, rows, width, dtype=dtype) for n, width in enumerate((d, hidden)))
        return _noise_for(device, one, r, d, hidden, dtype), x, weights

    def step(values, x, weights):
        return _learn(factors, values, lambda: (gelu(layer(x)) * weights).sum())

    return inputs, step


def placed(impl, device, seed, d, hidden, r, rows, alpha, wrapped_first, dtype):
    """`LoRALinear`, moved to the device before or after it wraps its base"""
    dtype = getattr(torch, dtype)
    base = _linear(device, seed, d, hidden, dtype, place="cpu" if wrapped_first else device.place)
    layer = impl.LoRALinear(base, r, alpha).to(device.place)
    factors = _factors(layer, r, d, hidden)

    def inputs(one):
        x, weights = (device.noise(one + 2 + n, rows, width, dtype=dtype) for n, width in enumerate((d, hidden)))
        return _noise_for(device, one, r, d, hidden, dtype), x, weights

    def step(values, x, weights):
        outputs = []

        def loss():
            outputs.append(layer(x))
            return (gelu(outputs[0]) * weights).sum()

        grads = _learn(factors, values, loss)
        return torch.cat([outputs[0].detach().reshape(-1), grads])

    return inputs, step


def _stack(device, seed, d, layers):
    """Linear layers of growing widths, so that no two tensors of all their adapters have one shape."""
    parts = {f"layer{n}": _linear(device, seed + n, d + n, d + n + 1, torch.float32) for n in range(layers)}
    return nn.Sequential(OrderedDict(parts))


def _update(device, model, d, layers, rows, prepare, answer):
    """A whole update with an AdamW of its own, so that its moments come and go with it."""

    def inputs(one):
        x, weights = (device.noise(one + n, rows, d + n, dtype=torch.float32) for n in (0, layers))
        return prepare(one + layers + 1), x, weights

    def step(values, x, weights):
        for factor, value in values:
            factor.set(value)
        model.zero_grad()
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
        (gelu(model(x)) * weights).sum().backward()
        found = answer()
        optimizer.step()
        model.zero_grad()
        return found

    return inputs, step


def update_of_adapters(impl, device, seed, d, layers, r, rows, alpha):
    """`inject_lora(model, targets, r, alpha)`, then an update by AdamW"""
    d, rows, dtype = d // device.scale, max(1, rows // device.scale), torch.float32
    targets = [f"layer{n}" for n in range(layers)]
    model = impl.inject_lora(_stack(device, seed, d, layers), targets, r, alpha)
    factors = []
    for n, target in enumerate(targets):
        mine = [p for name, p in model.named_parameters() if f"{target}." in name and p.requires_grad]
        factors += [_Factor(mine, (r, d + n)), _Factor(mine, (d + n + 1, r))]

    def prepare(one):
        values = [v for n in range(layers) for v in _noise_for(device, one + 2 * n, r, d + n, d + n + 1, dtype)]
        return list(zip(factors, values, strict=True))

    return _update(device, model, d, layers, rows, prepare, lambda: torch.cat([factor.grad for factor in factors]))


def update_of_everything(impl, device, seed, d, layers, r, rows, alpha):
    """The same update where every weight learns"""
    d, rows = d // device.scale, max(1, rows // device.scale)
    model = _stack(device, seed, d, layers)
    return _update(device, model, d, layers, rows, lambda _: [], lambda: model[0].weight.grad[0].clone())
