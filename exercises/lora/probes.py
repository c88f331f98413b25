"""What we ask of an implementation of `lora.py`, and what it answers. Holds no expected values.

Three habits, each for a reason:

- A and B are found by their shapes, not by a name: r, in and out are pairwise different wherever it matters.
- Layers and models are float64, and so is torch's default dtype meanwhile. A forgotten `dtype=` then shows in
  the probe that is about dtypes, not in all of them.
- We ask what happens, not what a flag says: does the weight move under an optimiser with weight decay?
"""

import contextlib
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load, load_file, save, save_file
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.gpt2.modeling_gpt2 import GPT2Config, GPT2LMHeadModel

from grader.worker.models import made_once, unfilled

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
GPT2_EMBEDDING = {"gpt2": 8, "wide gpt2": 32}
MAX_FILE_BYTES = 1 << 20  # an adapter of our tiny models has about 10 kB


# ------------------------------------------------------------------------------------------------ helpers


@contextlib.contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class _Factor:
    """A or B of a layer as the paper writes it, (r, in) or (out, r), wherever and however it is stored."""

    def __init__(self, tensor: Tensor, flipped: bool) -> None:
        self.tensor = tensor
        self.flipped = flipped

    def set(self, values: Tensor) -> None:
        with torch.no_grad():
            self.tensor.copy_(values.T if self.flipped else values)

    @property
    def values(self) -> Tensor:
        values = self.tensor.detach().clone()
        return values.T if self.flipped else values

    @property
    def grad(self) -> Tensor | None:
        grad = self.tensor.grad
        return grad.T if self.flipped and grad is not None else grad


def _named_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The parameters, and tensors that lie about as plain attributes: whoever forgot to register A fails the probe
    that is about parameters, and need not fail all the others.
    """
    named = dict(model.named_parameters())
    for prefix, module in model.named_modules():
        plain = {name: value for name, value in vars(module).items() if isinstance(value, Tensor)}
        named |= {f"{prefix}.{name}" if prefix else name: value for name, value in plain.items()}
    return named


def _factor(tensors: list[Tensor], name: str, shape: tuple[int, int]) -> _Factor:
    """The tensor of that shape or its transpose, preferably a trainable one."""
    fitting = [tensor for tensor in tensors if tuple(tensor.shape) in (shape, shape[::-1])]
    fitting.sort(key=lambda tensor: not tensor.requires_grad)
    if not fitting:
        seen = ", ".join(str(tuple(tensor.shape)) for tensor in tensors) or "none"
        raise LookupError(f"found no tensor for {name} of shape {shape} or {shape[::-1]}, only: {seen}")
    return _Factor(fitting[0], tuple(fitting[0].shape) != shape)


def _factors(tensors: list[Tensor], r: int, d_in: int, d_out: int) -> tuple[_Factor, _Factor]:
    A = _factor(tensors, "A", (r, d_in))
    # On a square layer both have the same shape, up to transposition: either may play A there.
    return A, _factor([tensor for tensor in tensors if tensor is not A.tensor], "B", (d_out, r))


def _layer_factors(layer: nn.Module, r: int, d_in: int, d_out: int) -> tuple[_Factor, _Factor]:
    return _factors(list(_named_tensors(layer).values()), r, d_in, d_out)


def _linear(weight: Tensor, bias: Tensor | None, dtype: torch.dtype = torch.float64) -> nn.Linear:
    d_out, d_in = weight.shape
    base = nn.Linear(d_in, d_out, bias=bias is not None, dtype=dtype)
    with torch.no_grad():
        base.weight.copy_(weight)
        if bias is not None:
            base.bias.copy_(bias)
    return base


def _train(model: nn.Module, extra: list[Tensor], loss: Callable[[], Tensor], steps: int = 2) -> None:
    """A few steps of AdamW with weight decay over every parameter, frozen ones too: a frozen one has no
    gradient, and the optimiser skips it. Two steps, because A has no gradient while B is zero.
    """
    parameters = {id(p): p for p in [*model.parameters(), *extra]}.values()
    optimizer = torch.optim.AdamW(parameters, lr=0.1, weight_decay=0.5)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


class _Block(nn.Module):
    """Names that a careless match confuses: `subquery` ends with "query", `query_gate.proj` contains it."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(6, 10)
        self.subquery = nn.Linear(6, 10, bias=False)
        self.query_gate = nn.ModuleDict({"proj": nn.Linear(6, 10)})
        self.square = nn.Linear(10, 10)
        self.out = nn.Linear(10, 6, bias=False)
        self.norm = nn.LayerNorm(6)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.query(x) * torch.tanh(self.query_gate["proj"](x)) + self.subquery(x)
        return self.norm(x + self.out(torch.tanh(self.square(hidden))))


class _Net(nn.Module):
    """A small model of `nn.Linear` layers, with an embedding, norms, a buffer and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(19, 6)
        self.layers = nn.ModuleList([_Block(), _Block()])
        self.head = nn.Linear(6, 19)
        self.register_buffer("positions", torch.linspace(0.0, 1.0, 16)[:, None])

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed(ids) + self.positions[: ids.shape[-1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


class _Pair(nn.Module):
    """Two layers, none at the top; what an adapter adds to the second, it adds to the output."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(19, 6)
        self.body = nn.ModuleDict({"first": nn.Linear(6, 10), "last": nn.Linear(10, 19)})

    def forward(self, ids: Tensor) -> Tensor:
        return self.body["last"](torch.tanh(self.body["first"](self.embed(ids))))


@made_once
def _unfilled(kind: str) -> nn.Module:
    if kind not in GPT2_EMBEDDING:
        return {"linear": _Net, "pair": _Pair}[kind]().double()
    config = GPT2Config(
        n_layer=2, n_embd=GPT2_EMBEDDING[kind], n_head=2, vocab_size=19, n_positions=16,
        bos_token_id=0, eos_token_id=0, attn_implementation="eager",
        attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0,
    )  # fmt: skip
    return unfilled(GPT2LMHeadModel, config).double()


def _model(kind: str, seed: int, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A tiny model in train mode, without dropout, the same in every process for one seed. Biases are random:
    GPT-2's start at zero and would hide a lost one.
    """
    model = _unfilled(kind)
    parameters = list(model.parameters())
    sizes = [parameter.numel() for parameter in parameters]
    drawn = torch.randn(sum(sizes), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 0.4
    with torch.no_grad():
        for parameter, values in zip(parameters, drawn.split(sizes), strict=True):
            parameter.copy_(values.view_as(parameter))
    return model if dtype is torch.float64 else model.to(dtype)  # converting for nothing takes a tenth of the time


def _output(model: nn.Module, ids: Tensor) -> Tensor:
    output = model(ids)
    return getattr(output, "logits", output)


def _widths(module: nn.Module) -> tuple[int, int]:
    return (module.in_features, module.out_features) if isinstance(module, nn.Linear) else module.weight.shape


def _suffix(name: str, path: str) -> str | None:
    """What follows the module's path in the name of one of its parameters, None for another's."""
    _, found, after = f".{name}".partition(f".{path}.")
    return after if found else None


def _model_factors(model: nn.Module, widths: dict[str, tuple[int, int]], r: int) -> dict[str, tuple[_Factor, _Factor]]:
    """A and B of every adapted module, by the module's name in the bare model.

    A square layer does not tell by shape which of its two tensors is A. Its oblong sister does: both use the
    same names for the same things.
    """
    factors = {}
    named = _named_tensors(model)
    roles: dict[str, tuple[str, bool]] = {}
    for path, (d_in, d_out) in sorted(widths.items(), key=lambda item: item[1][0] == item[1][1]):
        own = {suffix: tensor for name, tensor in named.items() if (suffix := _suffix(name, path))}
        if d_in != d_out:
            pair = _factors(list(own.values()), r, d_in, d_out)
            for role, factor in zip("AB", pair, strict=True):
                suffix = next(suffix for suffix, tensor in own.items() if tensor is factor.tensor)
                roles[role] = suffix, factor.flipped
        elif roles and all(suffix in own for suffix, _ in roles.values()):
            pair = tuple(_Factor(own[roles[role][0]], roles[role][1]) for role in "AB")
        else:
            pair = _factors(list(own.values()), r, d_in, d_out)
        factors[path] = pair
    return factors


def _fill(model: nn.Module, widths: dict[str, tuple[int, int]], r: int, seed: int, size: float) -> None:
    """Give every A and B values of that size that depend on the seed and on the order of the paths only."""
    generator = torch.Generator().manual_seed(seed)
    factors = _model_factors(model, widths, r)
    for path in widths:
        for factor in factors[path]:
            shape = factor.values.shape
            factor.set(torch.randn(shape, generator=generator, dtype=torch.float64) * size)


def _widths_of(model: nn.Module, paths: list[str]) -> dict[str, tuple[int, int]]:
    return {path: _widths(model.get_submodule(path)) for path in paths}


def _adapted(
    impl, kind, seed, targets, paths, r, alpha, dropout=0.0, training=True, size=0.5, dtype=torch.float64
):  # fmt: skip
    model = _model(kind, seed, dtype).train(training)
    widths = _widths_of(model, paths)
    model = impl.inject_lora(model, list(targets), r, alpha, dropout)
    _fill(model, widths, r, seed + 1, size)
    return model


def _trainable(model: nn.Module) -> list[list[int]]:
    """The shapes of the trainable tensors, in an order that no layout decides."""
    return sorted(sorted(p.shape) for p in model.parameters() if p.requires_grad)


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Everything that a call could change: values, and the flags as tensors of their own."""
    state = {name: v.detach().clone() for name, v in model.state_dict().items() if isinstance(v, Tensor)}
    for name, parameter in model.named_parameters():
        state[f"{name} (requires_grad)"] = torch.tensor(parameter.requires_grad)
    for name, module in model.named_modules():
        state[f"{name} (training)"] = torch.tensor(module.training)
    return state


def _changes(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[str]:
    names = sorted(before.keys() | after.keys())
    return [n for n in names if n not in before or n not in after or not torch.equal(before[n], after[n])]


def _error_of(act: Callable[[], object]) -> list[str]:
    """The names of the classes of the exception that `act` raises; none if it returns."""
    try:
        act()
    except NotImplementedError:
        raise  # a hole is not an answer
    except Exception as error:  # noqa: BLE001 - which exception it is, is what the check asks
        return [cls.__name__ for cls in type(error).__mro__]
    return []


def _bytes(path: Path) -> Tensor | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    return torch.tensor(list(content), dtype=torch.uint8)


def warm_up() -> None:
    """In the process that all workers are copies of: what libraries make at first use is made once."""
    ids = torch.zeros(1, 4, dtype=torch.int64)
    _gpt2_of_its_real_size()
    for kind in ("gpt2", "linear", "pair"):
        model = _model(kind, 0)
        _train(model, [], lambda model=model: _output(model, ids).sum())
        load(save(_snapshot(model)))
        with FlopCounterMode(display=False):
            _output(model, ids)


# ------------------------------------------------------------------------------------------------ lora.1


def delta(impl, A, B, alpha, rslora=False, dtype="float64", strided=False):
    """`lora_delta(A, B, alpha, rslora)`"""
    A, B = A.to(getattr(torch, dtype)), B.to(getattr(torch, dtype))
    if strided:
        A, B = A.T.contiguous().T, B.T.contiguous().T
    given = A.clone(), B.clone()
    result = impl.lora_delta(A, B, alpha, rslora)
    changed = [name for name, now, old in zip("AB", (A, B), given, strict=True) if not torch.equal(now, old)]
    return {"delta": result, "changed": changed}


def delta_gradients(impl, A, B, alpha, weights):
    """`(lora_delta(A, B, alpha) * weights).sum().backward()`"""
    A.requires_grad_(True)
    B.requires_grad_(True)
    (impl.lora_delta(A, B, alpha) * weights).sum().backward()
    return {"A": A.grad, "B": B.grad}


# ------------------------------------------------------------------------------------------------ lora.2


def _filled_layer(impl, weight, bias, A, B, alpha, dropout=0.0, rslora=False, dtype=torch.float64):
    base = _linear(weight, bias, dtype)
    layer = impl.LoRALinear(base, A.shape[0], alpha, dropout, rslora)
    factors = _layer_factors(layer, *A.shape, B.shape[0])
    for factor, values in zip(factors, (A, B), strict=True):
        factor.set(values)
    return base, layer, factors


def fresh(impl, weight, bias, x, r, alpha, dropout):
    """`LoRALinear(base, r, alpha, dropout)(x)` of a new layer, in train and in eval mode"""
    with _default_dtype(torch.float64):
        layer = impl.LoRALinear(_linear(weight, bias), r, alpha, dropout)
        return {"train": layer.train()(x.clone()), "eval": layer.eval()(x)}


def forward(impl, weight, bias, A, B, x, alpha, rslora=False, strided=False):
    """`LoRALinear(base, r, alpha, rslora=rslora)(x)` with given A and B"""
    with _default_dtype(torch.float64):
        _, layer, _ = _filled_layer(impl, weight, bias, A, B, alpha, rslora=rslora)
        return {"y": layer(x.transpose(0, -1).contiguous().transpose(0, -1) if strided else x)}


def typed(impl, weight, bias, A, B, x, alpha, dtype):
    """`LoRALinear(base, r, alpha)(x)` with base and x in one dtype, torch's default being float32"""
    dtype = getattr(torch, dtype)
    _, layer, factors = _filled_layer(impl, weight, bias, A, B, alpha, dtype=dtype)
    return {"y": layer(x.to(dtype)), "A": str(factors[0].tensor.dtype), "B": str(factors[1].tensor.dtype)}


def gradients(impl, weight, bias, A, B, x, weights, alpha):
    """`(LoRALinear(base, r, alpha)(x) * weights).sum().backward()` with given A and B"""
    with _default_dtype(torch.float64):
        _, layer, factors = _filled_layer(impl, weight, bias, A, B, alpha)
        x.requires_grad_(True)
        (layer(x) * weights).sum().backward()
        return {"x": x.grad, "A": factors[0].grad, "B": factors[1].grad}


def parameters(impl, weight, bias, r, alpha):
    """`LoRALinear(base, r, alpha).parameters()`, without those of the base, which is float64 (the default: float32)"""
    # Not under the default dtype float64: a Parameter that has to be converted is one no longer.
    base = _linear(weight, bias)
    own = {id(p) for p in base.parameters()}
    layer = impl.LoRALinear(base, r, alpha)
    new = [p for p in layer.parameters() if id(p) not in own]
    return {"trainable": [list(p.shape) for p in new if p.requires_grad]}


def trained(impl, weight, bias, x, r, alpha):
    """two steps of AdamW(weight_decay=0.5) over all parameters of `LoRALinear(base, r, alpha)`"""
    with _default_dtype(torch.float64):
        base = _linear(weight, bias)
        kept = list(base.parameters())
        layer = impl.LoRALinear(base, r, alpha)
        B = _layer_factors(layer, r, weight.shape[1], weight.shape[0])[1]
        before = B.values
        _train(layer, kept, lambda: (layer(x) - 1.0).square().mean())
        held = [p for p in layer.parameters() if any(p is own for own in kept)]
        return {
            "weight": kept[0],
            "bias": kept[1] if bias is not None else None,
            "trainable": any(p.requires_grad for p in held),
            "B moved": not torch.equal(B.values, before),
        }


def shared_base(impl, weight, bias, new_weight, x, r, alpha):
    """`layer = LoRALinear(base, r, alpha)`, then `base.weight` gets new values, then `layer(x)`"""
    with _default_dtype(torch.float64):
        base = _linear(weight, bias)
        parameter = base.weight
        layer = impl.LoRALinear(base, r, alpha)
        before = layer(x)
        with torch.no_grad():
            parameter.copy_(new_weight)
        return {"same": any(p is parameter for p in layer.parameters()), "before": before, "after": layer(x)}


def initial(impl, d_in, d_out, r, alpha):
    """A and B of a new `LoRALinear(nn.Linear(d_in, d_out), r, alpha)`"""
    with _default_dtype(torch.float64):
        layer = impl.LoRALinear(nn.Linear(d_in, d_out), r, alpha)
        A, B = _layer_factors(layer, r, d_in, d_out)
        return {"A": A.values, "B": B.values}


def dropped(impl, weight, bias, A, B, x, alpha, p):
    """`LoRALinear(base, r, alpha, dropout=p)(x)` in train mode, and in eval mode with B and with B = 0"""
    with _default_dtype(torch.float64):
        _, layer, _ = _filled_layer(impl, weight, bias, A, B, alpha, dropout=p)
        _, plain, _ = _filled_layer(impl, weight, bias, A, torch.zeros_like(B), alpha, dropout=p)
        units, given = torch.eye(weight.shape[1]), x.clone()
        seen = {"train": layer.train()(x), "x": x}
        seen |= {"eval": layer.eval()(given), "units": layer(units)}
        return seen | {"eval without B": plain.eval()(given), "units without B": plain(units)}


def flops(impl, d_in, d_out, r, rows, alpha, bias):
    """`LoRALinear(nn.Linear(d_in, d_out), r, alpha)(x)` under torch's FlopCounterMode"""
    with _default_dtype(torch.float64):
        layer = impl.LoRALinear(nn.Linear(d_in, d_out, bias=bias), r, alpha)
        x = torch.ones(rows, d_in)
        with FlopCounterMode(display=False) as counter:
            layer(x)
        return {"flops": counter.get_total_flops()}


def construct(impl, r):
    """`LoRALinear(nn.Linear(5, 4), r, alpha=2.0)`"""
    with _default_dtype(torch.float64):
        impl.LoRALinear(nn.Linear(5, 4), r, 2.0)
    return {}


def two_layers(impl, weight, bias, A, B, x, alpha):
    """two layers over two bases; A and B of the first change, then the second is asked"""
    with _default_dtype(torch.float64):
        r, d_in = A.shape
        first = impl.LoRALinear(_linear(weight, bias), r, alpha)
        second = impl.LoRALinear(_linear(weight, bias), r, alpha)
        one, two = (_layer_factors(new, r, d_in, B.shape[0]) for new in (first, second))
        seen = {"A first": one[0].values, "B first": one[1].values, "y before": second(x)}
        seen |= {"A second": two[0].values, "B second": two[1].values}
        for factor, values in zip(one, (A, B), strict=True):
            factor.set(values)
        return seen | {"A after": two[0].values, "B after": two[1].values, "y after": second(x)}


def round_trip(impl, weight, bias, A, B, x, alpha):
    """`LoRALinear(copy_of_base, r, alpha).load_state_dict(layer.state_dict())`"""
    with _default_dtype(torch.float64):
        _, layer, _ = _filled_layer(impl, weight, bias, A, B, alpha)
        copy = impl.LoRALinear(_linear(weight, bias), A.shape[0], alpha)
        copy.load_state_dict(layer.state_dict())
        return {"y": layer(x), "copy": copy(x)}


def on_meta(impl, d_in, d_out, r, alpha):
    """`LoRALinear(base, r, alpha)` with the base on the meta device"""
    layer = impl.LoRALinear(nn.Linear(d_in, d_out, device="meta"), r, alpha)
    A, B = _layer_factors(layer, r, d_in, d_out)
    y = layer(torch.empty(2, d_in, device="meta"))
    return {"A": str(A.tensor.device), "B": str(B.tensor.device), "shape": list(y.shape)}


# ------------------------------------------------------------------------------------------------ lora.3


def after_calls(impl, weight, bias, A, B, x, alpha, calls, dropout=0.0, rslora=False, dtype="float64", new_weight=None):
    """`layer = LoRALinear(base, r, alpha, dropout, rslora)` in a parent module, then the calls"""
    dtype = getattr(torch, dtype)
    with _default_dtype(dtype if dtype == torch.float64 else torch.float32):
        base, layer, factors = _filled_layer(impl, weight, bias, A, B, alpha, dropout, rslora, dtype)
        parameter = base.weight
        if new_weight is not None:
            with torch.no_grad():
                parameter.copy_(new_weight)
            factors[0].set(2.0 * A)
        parent = nn.Sequential(layer)
        x = x.to(dtype)
        seen = {}
        for number, call in enumerate(["", *calls]):
            if call == "A and B change":
                factors[0].set(-A)
                factors[1].set(2.0 * B)
            elif call:
                target, method = call.split(".")
                getattr(layer if target == "layer" else parent, method)()
            seen |= {
                f"y {number}": layer(x.clone()),
                f"base {number}": base(x),
                f"weight {number}": base.weight.detach().clone(),
                f"merged {number}": layer.merged,
                f"training {number}": layer.training,
                f"trainable {number}": _trainable(layer),
            }
        return seen | {"same": base.weight is parameter}


def trained_after_unmerge(impl, weight, bias, A, B, x, alpha):
    """`layer.merge()`, `layer.unmerge()`, then two steps of AdamW(weight_decay=0.5) over all parameters"""
    with _default_dtype(torch.float64):
        base, layer, factors = _filled_layer(impl, weight, bias, A, B, alpha)
        layer.merge()
        layer.unmerge()
        _train(layer, list(base.parameters()), lambda: (layer(x) - 1.0).square().mean())
        return {"B moved": not torch.equal(factors[1].values, B)}


def merge_one_of_two(impl, weight, bias, A, B, x, alpha):
    """two layers over two bases; the first is merged, then the second is asked"""
    with _default_dtype(torch.float64):
        _, first, _ = _filled_layer(impl, weight, bias, A, B, alpha)
        base, second, _ = _filled_layer(impl, weight, bias, A, B, alpha)
        before = second(x)
        first.merge()
        flags = {"first": first.merged, "second": second.merged}
        return flags | {"before": before, "after": second(x), "weight": base.weight}


# ------------------------------------------------------------------------------------------------ lora.4


def adapted(impl, kind, seed, ids, targets, paths, r, alpha, size=0.5, dtype="float64"):
    """`inject_lora(model, targets, r, alpha)(ids)` with given A and B"""
    dtype = getattr(torch, dtype)
    with _default_dtype(dtype):
        model = _adapted(impl, kind, seed, targets, paths, r, alpha, size=size, dtype=dtype)
        return {"logits": _output(model, ids)}


def bare(impl, kind, seed, ids):
    """`model(ids)` of the bare model"""
    with _default_dtype(torch.float64):
        return {"logits": _output(_model(kind, seed), ids)}


def injected(impl, kind, seed, ids, targets, r, alpha, dropout=0.0):
    """`inject_lora(model, targets, r, alpha, dropout)(ids)` of a freshly adapted model"""
    with _default_dtype(torch.float64):
        model = impl.inject_lora(_model(kind, seed), list(targets), r, alpha, dropout)
        return {"logits": _output(model, ids), "trainable": _trainable(model)}


def wrapped(impl, kind, seed, targets, r, alpha):
    """the names of the modules that carry an A and a B after `inject_lora(model, targets, r, alpha)`"""
    with _default_dtype(torch.float64):
        model = _model(kind, seed)
        paths = sorted((path for path, _ in model.named_modules() if path), key=len, reverse=True)
        model = impl.inject_lora(model, list(targets), r, alpha)
        owners: list[str] = []
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and r in parameter.shape:  # nothing else in our models has an axis of r
                owners += [path for path in paths if _suffix(name, path)][:1] or ["(no module of the model)"]
        return {"owners": sorted(owners)}


@made_once
def _gpt2_of_its_real_size() -> nn.Module:
    with torch.device("meta"):
        return GPT2LMHeadModel(GPT2Config())


def gpt2_counts(impl, targets, r, alpha):
    """`count_parameters(inject_lora(gpt2, targets, r, alpha))` with GPT-2 on the meta device"""
    model = _gpt2_of_its_real_size()
    return {"counts": impl.count_parameters(impl.inject_lora(model, list(targets), r, alpha))}


def bare_counts(impl, kind, frozen):
    """`count_parameters(model)` of a bare model with some parameters frozen"""
    with _default_dtype(torch.float64):
        model = _model(kind, 0)
        for name in frozen:
            model.get_submodule(name).requires_grad_(False)
        return {"counts": impl.count_parameters(model)}


def trained_model(impl, kind, seed, ids, targets, r, alpha):
    """two steps of AdamW(weight_decay=0.5) over all parameters of `inject_lora(model, targets, r, alpha)`"""
    with _default_dtype(torch.float64):
        model = impl.inject_lora(_model(kind, seed), list(targets), r, alpha)
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        adapter = {name for name, p in model.named_parameters() if p.dim() == 2 and r in p.shape}
        _train(model, [], lambda: _output(model, ids).square().mean())
        after = dict(model.named_parameters())
        moved = [name for name in before if not torch.equal(before[name], after[name])]
        return {
            "moved": [name for name in moved if name not in adapter],
            "trainable": [name for name, p in after.items() if p.requires_grad and name not in adapter],
            "adapter": len(adapter),
            "adapter moved": len([name for name in moved if name in adapter]),
        }


def attempted(impl, kind, seed, ids, targets, paths, r, alpha, size, dtype):
    """`inject_lora(model, targets, r, alpha)`, then `model(ids)`, with given A and B if nothing was raised"""
    dtype = getattr(torch, dtype)
    with _default_dtype(dtype):
        model = _model(kind, seed, dtype)
        before, widths = _snapshot(model), _widths_of(model, paths)
        returned = []
        raised = _error_of(lambda: returned.append(impl.inject_lora(model, list(targets), r, alpha)))
        if raised:
            return {"raised": raised, "changes": _changes(before, _snapshot(model)), "logits": _output(model, ids)}
        model = returned[0] or model  # whether it returns the model is asked elsewhere
        _fill(model, widths, r, seed + 1, size)
        return {"raised": raised, "logits": _output(model, ids)}


def injected_twice(impl, kind, seed, ids, targets, paths, again, r, alpha, size, dtype):
    """`inject_lora(inject_lora(model, targets, r, alpha), again, r, alpha)`, then the first one's `(ids)`"""
    dtype = getattr(torch, dtype)
    with _default_dtype(dtype):
        model = _model(kind, seed, dtype)
        widths = _widths_of(model, paths)
        model = impl.inject_lora(model, list(targets), r, alpha)
        raised = _error_of(lambda: impl.inject_lora(model, list(again), r, alpha))
        if not paths:
            return {"raised": raised}
        _fill(model, widths, r, seed + 1, size)
        return {"raised": raised, "logits": _output(model, ids)}


def tied_weights(impl, seed, targets, r, alpha):
    """embedding and head of a tied GPT-2 after `inject_lora(model, targets, r, alpha)`"""
    with _default_dtype(torch.float64):
        model = impl.inject_lora(_model("gpt2", seed), list(targets), r, alpha)
        named = dict(model.named_parameters(remove_duplicate=False))
        embedding = [p for name, p in named.items() if name.endswith("wte.weight")]
        head = [p for name, p in named.items() if name.endswith("lm_head.weight")]
        return {"tied": len(embedding) == len(head) == 1 and embedding[0] is head[0]}


def with_dropout(impl, kind, seed, ids, targets, paths, r, alpha, dropout, training):
    """`inject_lora(model, targets, r, alpha, dropout)` of a model in train or eval mode, called twice"""
    with _default_dtype(torch.float64):
        model = _adapted(impl, kind, seed, targets, paths, r, alpha, dropout, training)
        return {"first": _output(model, ids), "second": _output(model, ids)}


# ------------------------------------------------------------------------------------------------ lora.5


def saved(
    impl, kind, seed, targets, paths, r, alpha, dropout=0.0, merge=False, as_text=False, below="adapter", size=0.5
):
    """`save_adapter(inject_lora(model, targets, r, alpha, dropout), directory)` with given A and B"""
    with _default_dtype(torch.float64), tempfile.TemporaryDirectory() as scratch:
        model = _adapted(impl, kind, seed, targets, paths, r, alpha, dropout, size=size)
        if merge:
            for module in model.modules():
                if hasattr(module, "merged"):  # how Conv1D is wrapped is free, nn.Linear becomes a LoRALinear
                    module.merge()
        before = _snapshot(model)
        directory = Path(scratch) / below
        returned = impl.save_adapter(model, str(directory) if as_text else directory)
        files = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))
        return {
            "returned": returned,
            "files": files,
            "config": _bytes(directory / CONFIG_FILE),
            "weights": _bytes(directory / WEIGHTS_FILE),
            "changes": _changes(before, _snapshot(model)),
        }


def saved_dtypes(impl, kind, seed, targets, r, alpha):
    """`save_adapter(inject_lora(model, targets, r, alpha), directory)` of a float32 model: the dtypes of A and B"""
    with tempfile.TemporaryDirectory() as scratch:
        model = impl.inject_lora(_model(kind, seed).float(), list(targets), r, alpha)
        impl.save_adapter(model, scratch)
        stored = load_file(Path(scratch) / WEIGHTS_FILE).values()
        held = [tensor for tensor in _named_tensors(model).values() if tensor.dim() == 2 and r in tensor.shape]
        return {name: sorted({str(t.dtype) for t in tensors}) for name, tensors in (("held", held), ("stored", stored))}


def resaved(impl, kind, seed, config, weights, edits):
    """`save_adapter(load_adapter(model, directory), other_directory)`, twice into the same directory"""
    with _default_dtype(torch.float64), tempfile.TemporaryDirectory() as scratch:
        directory, other = Path(scratch) / "adapter", Path(scratch) / "other"
        _write(directory, config, weights)
        _damage(directory, "", edits)
        model = impl.load_adapter(_model(kind, seed), directory)
        for _ in range(2):
            impl.save_adapter(model, other)
        return {"config": _bytes(other / CONFIG_FILE), "weights": _bytes(other / WEIGHTS_FILE)}


def _write(directory: Path, config: Tensor, weights: Tensor | None) -> None:
    directory.mkdir(parents=True)
    (directory / CONFIG_FILE).write_bytes(bytes(config.tolist()))
    if weights is not None:
        (directory / WEIGHTS_FILE).write_bytes(bytes(weights.tolist()))


def changed_files(impl, config, weights, damage="", edits=None):
    """The files of a whole adapter, changed in one respect."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "adapter"
        _write(directory, config, weights)
        _damage(directory, damage, edits or {})
        return {"config": _bytes(directory / CONFIG_FILE), "weights": _bytes(directory / WEIGHTS_FILE)}


def tensors_in(impl, weights):
    """The tensors of a file that `save_adapter` wrote; none if it cannot be read."""
    try:
        tensors = load(bytes(weights.tolist())).values()
    except Exception:  # noqa: BLE001 - what a stranger's file does to safetensors is no failure of the oracle
        tensors = []
    return {"tensors": [tensor.double() for tensor in tensors if tensor.is_floating_point()][:64]}


def _damage(directory: Path, damage: str, edits: dict) -> None:
    """Change the files of a whole adapter in one respect."""
    if edits:
        config = json.loads((directory / CONFIG_FILE).read_text())
        left_out = [field for field, value in edits.items() if value is None]
        edited = {field: value for field, value in (config | edits).items() if field not in left_out}
        (directory / CONFIG_FILE).write_text(json.dumps(edited))
    path = directory / WEIGHTS_FILE
    tensors = load_file(path)
    name = sorted(tensors)[-1]
    if damage == "a tensor is missing":
        del tensors[name]
    elif damage == "a tensor belongs to no layer":
        tensors["base_model.model.nowhere.lora_A.weight"] = tensors[name].clone()
    elif damage == "a tensor has one row instead of all":
        tensors[name] = tensors[name][:1].clone()
    save_file(tensors, path)
    if damage == "the weights file is missing":
        path.unlink()
    elif damage == "the weights file is cut off":
        path.write_bytes(path.read_bytes()[:-100])


def loaded(impl, kind, seed, ids, config, weights, edits=None, as_text=False, training=True):
    """`load_adapter(model, directory)(ids)` with the files of an adapter"""
    with _default_dtype(torch.float64), tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "adapter"
        _write(directory, config, weights)
        _damage(directory, "", edits or {})
        model = _model(kind, seed).train(training)
        model = impl.load_adapter(model, str(directory) if as_text else directory)
        return {"logits": _output(model, ids), "trainable": _trainable(model)}


def loads(impl, kind, seed, config, weights, paths, r):
    """`load_adapter(model, directory)` with the files of an adapter, then a look at every A and B"""
    with _default_dtype(torch.float64), tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "adapter"
        _write(directory, config, weights)
        model = _model(kind, seed)
        widths = _widths_of(model, paths)
        returned = []
        raised = _error_of(lambda: returned.append(impl.load_adapter(model, directory)))
        if raised:
            return {"raised": raised}
        factors = _model_factors(returned[0], widths, r)
        return {"raised": raised, "factors": [factor.values for path in paths for factor in factors[path]]}


def loads_twice(impl, kind, seed, config, weights):
    """`load_adapter(load_adapter(model, directory), directory)`"""
    with _default_dtype(torch.float64), tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "adapter"
        _write(directory, config, weights)
        model = impl.load_adapter(_model(kind, seed), directory)
        return {"raised": _error_of(lambda: impl.load_adapter(model, directory))}


def read_by_peft(impl, kind, seed, ids, config, weights):
    """`PeftModel.from_pretrained(model, directory)(ids)` with the files that `save_adapter` wrote"""
    with _default_dtype(torch.float64), tempfile.TemporaryDirectory() as scratch:
        try:
            directory = Path(scratch) / "adapter"
            _write(directory, _vetted(config), weights)
            model = impl.load_adapter(_model(kind, seed), directory)
        except Exception as error:  # noqa: BLE001 - what a stranger's files do to PEFT is no failure of the oracle
            return {"problem": f"{type(error).__name__}: {error}"[:300], "logits": None}
        return {"problem": "", "logits": _output(model, ids)}


# The fields of a stranger's config that reach PEFT. Not the patterns: PEFT uses them as regular expressions.
PASSED_ON = {
    "peft_type": str, "target_modules": list, "r": int, "lora_alpha": int | float, "lora_dropout": int | float,
    "use_rslora": bool, "use_dora": bool, "bias": str, "fan_in_fan_out": bool,
}  # fmt: skip
HARMLESS_WHEN_EMPTY = ("rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform", "lora_bias")


def _vetted(config: Tensor) -> Tensor:
    """The config that a stranger wrote, cut down to fields of plain LoRA; ValueError for harmful values."""
    fields = json.loads(bytes(config.tolist()))
    if not isinstance(fields, dict):
        raise ValueError(f"{CONFIG_FILE} holds no object")
    for name in HARMLESS_WHEN_EMPTY:
        if fields.get(name):
            raise ValueError(f"{CONFIG_FILE}: {name} is not plain LoRA")
    fields = {name: fields[name] for name in PASSED_ON if name in fields}
    for name, value in fields.items():
        if not isinstance(value, PASSED_ON[name]):
            raise ValueError(f"{CONFIG_FILE}: {name} is a {type(value).__name__}")
    names = fields.get("target_modules", [])
    if len(names) > 64 or not all(isinstance(name, str) and len(name) <= 200 for name in names):
        raise ValueError(f"{CONFIG_FILE}: target_modules is not a list of names")
    if not 1 <= fields.get("r", 1) <= 64 or not math.isfinite(fields.get("lora_alpha", 1)):
        raise ValueError(f"{CONFIG_FILE}: r or lora_alpha is out of range")
    return torch.tensor(list(json.dumps(fields).encode()), dtype=torch.uint8)
