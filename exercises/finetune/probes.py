"""What we ask of an implementation of `finetune.py`, and what it answers. Holds no expected values.

Four habits, each for a reason:

- Models are float64 and every weight is random, biases and norms too: GPT-2's own start at 0 and 1 and hide bugs.
- The biases of attention keys are frozen. Their exact gradient is zero, so what an optimiser with moments makes of
  the rounding noise there would differ between correct solutions. This is also our one frozen parameter.
- `train` is watched through the optimiser it is given: the gradients that lie there when `step` is called, the
  learning rates, and the weights before and after. Most probes use `_squares` as the loss, so that they ask about
  the loop and not about `lm_loss`.
- Gradients and weights are reported as one row: those of the trainable parameters, one after the other.

Batches are described by the lengths of their rows: [[5, 3], [-4, 6]] is a batch with rows of 5 and 3 tokens, then one
with rows of 4 and 6 tokens, where the minus sign says that the row is padded on its left.
"""

import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.flop_counter import FlopCounterMode
from transformers.modeling_outputs import CausalLMOutput
from transformers.models.bert.modeling_bert import BertConfig, BertForSequenceClassification
from transformers.models.gpt2.modeling_gpt2 import GPT2Config, GPT2LMHeadModel
from transformers.pytorch_utils import Conv1D

from grader.worker.models import made_once, unfilled

WORDS = 11
CLASSES = 3
ROOM = 4096  # numbers in a storage: more than all else that a small model makes autograd save
TINY = Path(__file__).parent / "tiny"


# ------------------------------------------------------------------------------------------------ models


def _randomise(model: nn.Module, seed: int, frozen: tuple[str, ...], dtype: str) -> nn.Module:
    """Every parameter random, norms around 1; those whose name ends as `frozen` says do not learn."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        around = 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0
        parameter.data = (around + 0.3 * noise).to(getattr(torch, dtype))
        parameter.requires_grad_(not name.endswith(frozen))
    return model.eval()


@made_once
def _unfilled_gpt2(layers: int, tied: bool, dropout: float, kind: type[GPT2LMHeadModel] = GPT2LMHeadModel) -> nn.Module:
    config = GPT2Config(
        vocab_size=WORDS, n_positions=12, n_embd=8, n_layer=layers, n_head=2, tie_word_embeddings=tied,
        resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=dropout, attn_implementation="eager", use_cache=False,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return unfilled(kind, config)


def _gpt2(seed: int, dtype: str = "float64", layers: int = 1, tied: bool = True, dropout: float = 0.0) -> nn.Module:
    return _randomise(_unfilled_gpt2(layers, tied, dropout), seed, ("c_attn.bias",), dtype)


@made_once
def _unfilled_bert() -> nn.Module:
    config = BertConfig(
        vocab_size=WORDS, max_position_embeddings=12, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=12, num_labels=CLASSES, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )  # fmt: skip
    return unfilled(BertForSequenceClassification, config)


def _bert(seed: int, dtype: str = "float64") -> nn.Module:
    return _randomise(_unfilled_bert(), seed, ("key.bias",), dtype)


MODELS = {"gpt2": _gpt2, "bert": _bert}


class _Output:
    def __init__(self, logits: Tensor) -> None:
        self.logits = logits


class _Gain(nn.Module):
    """A norm of one's own: all of its weight, none of its class."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))


class _OwnLayerNorm(nn.LayerNorm):
    pass


def _drawn(seed: int) -> nn.Module:
    """Norms and others in an order, and under names, that nobody knows before: what they are called says nothing."""
    generator = torch.Generator().manual_seed(seed)
    parts = [nn.LayerNorm(3), _OwnLayerNorm(3), nn.LayerNorm(3), nn.Linear(3, 2), _Gain(3), nn.Embedding(5, 3)]
    names = ["".join("bcdfgh"[i] for i in torch.randint(6, (9,), generator=generator)) for _ in parts]
    order = torch.randperm(len(parts), generator=generator)
    return nn.ModuleDict({name: parts[place] for name, place in zip(names, order, strict=True)})


def _zoo(seed: int) -> nn.Module:
    """Modules with telling names: norms that are called otherwise, and others that are called almost like norms."""
    parts = {
        "norm": _Gain(3), "final_norm": _Gain(3), "RMSNorm": _Gain(3), "post_LayerNorm_2": _Gain(3), "gain": _Gain(3),
        "normalizer": nn.Linear(3, 2), "abnorm": nn.Linear(3, 2), "norm_2": nn.Linear(3, 2), "rms": nn.RMSNorm(3),
        "scale": nn.LayerNorm(3), "own": _OwnLayerNorm(3), "bias_head": nn.Linear(3, 2), "groups": nn.GroupNorm(1, 3),
        "in_norm": nn.ModuleDict({"up": nn.Linear(3, 4)}), "embed": nn.Embedding(5, 3), "out": nn.Linear(3, 5),
        "drawn": _drawn(seed),
    }  # fmt: skip
    model = nn.ModuleDict(parts)
    model["out"].weight = model["embed"].weight
    model.register_parameter("temperature", nn.Parameter(torch.ones(())))
    model["abnorm"].bias.requires_grad_(False)
    return model


# ------------------------------------------------------------------------------------- batches and losses


def _batch(lengths: list[int], generator: torch.Generator, silent: bool) -> dict:
    """Random ids, also under the pads; labels of -100 under pads and here and there, or everywhere if `silent`."""
    width = max(map(abs, lengths))
    ids = torch.randint(WORDS, (len(lengths), width), generator=generator)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        mask[row, width + length if length < 0 else 0 : width if length < 0 else length] = 1
    labels = ids.masked_fill((mask == 0) | (torch.rand(ids.shape, generator=generator) < 0.2), -100)
    for row, length in enumerate(lengths):
        if length < 0:
            # Its predecessor is a pad: nobody's law says what a pad predicts.
            labels[row, width + length] = -100
        else:
            # A row without a target would make a batch silent by chance.
            labels[row, length - 1] = ids[row, length - 1]
    return {"input_ids": ids, "attention_mask": mask, "labels": labels.fill_(-100) if silent else labels}


def _batches(lengths: list[list[int]], seed: int, kind: str, silent: Sequence[int] = ()) -> list[dict]:
    generator = torch.Generator().manual_seed(seed + 1)
    batches = [_batch(rows, generator, index in silent) for index, rows in enumerate(lengths)]
    if kind == "bert":
        for batch in batches:
            batch["token_type_ids"] = torch.randint(2, batch["input_ids"].shape, generator=generator)
            batch["labels"] = torch.randint(CLASSES, (len(batch["input_ids"]),), generator=generator)
    return batches


def _joined(batches: list[dict]) -> dict:
    """One batch with all rows, padded on the right, which a causal model and a mask do not notice."""
    width = max(batch["input_ids"].shape[1] for batch in batches)

    def widened(name: str, tensor: Tensor) -> Tensor:
        missing = (0, width - tensor.shape[-1]) if tensor.ndim == 2 else (0, 0)
        return nn.functional.pad(tensor, missing, value=-100 if name == "labels" else 0)

    return {name: torch.cat([widened(name, batch[name]) for batch in batches]) for name in batches[0]}


def _squares(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The squared distance to the labelled words; one target per label, nothing shifted."""
    wanted = nn.functional.one_hot(labels.clamp(min=0), logits.shape[-1])
    distances = (logits - wanted).square().sum(-1)
    targets = labels != -100
    return (distances * targets).sum(), targets.sum()


def _classes(logits: Tensor, labels: Tensor) -> tuple[Tensor, int]:
    """A classifier's loss: one label per row, the count a plain int."""
    return nn.functional.cross_entropy(logits, labels, reduction="sum"), len(labels)


def _loss(impl: object, kind: str, default: bool) -> Callable:
    if default:
        return impl.lm_loss
    return _classes if kind == "bert" else _squares


# ------------------------------------------------------------------------------------------- watching


def _trainable(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _row(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).clone()


def _frozen_state(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters() if not p.requires_grad}


def _changed(before: dict[str, Tensor], model: nn.Module) -> list[str]:
    now = dict(model.named_parameters())
    return [name for name, tensor in before.items() if not torch.equal(tensor, now[name])]


def _copy(batches: list[dict]) -> list[dict]:
    return [{name: tensor.clone() for name, tensor in batch.items()} for batch in batches]


def _same(batches: list[dict], others: list[dict]) -> bool:
    return all(
        list(batch) == list(other) and all(torch.equal(batch[name], other[name]) for name in batch)
        for batch, other in zip(batches, others, strict=True)
    )


class _Watch:
    """Makes the optimiser for `train`, and writes down what each call of its `step` finds."""

    def __init__(self, model: nn.Module, kind: str, lr: float, spread: float, **options: float) -> None:
        self.model = model
        self.kind, self.lr, self.spread, self.options = kind, lr, spread, options
        self.order = _trainable(model)
        self.calls = 0
        self.given: list[dict] = []
        self.initial: list[float] = []
        self.gradients: list[Tensor] = []
        self.weights: list[Tensor] = []
        self.lrs: list[list[float]] = []
        self.missing: set[str] = set()

    def make_optimizer(self, groups: list[dict]) -> torch.optim.Optimizer:
        self.calls += 1
        self.given = [dict(group) for group in groups]
        base = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[self.kind]
        watch = self

        class Watched(base):
            def step(self, closure: Callable | None = None) -> object:
                loss = None
                if closure is not None:
                    with torch.enable_grad():
                        loss = closure()
                watch.look(self)
                super().step()
                return loss

        optimizer = Watched(groups, lr=self.lr, **self.options)
        for index, group in enumerate(optimizer.param_groups):
            group["lr"] = self.lr * (1 + index * self.spread)
        self.initial = [group["lr"] for group in optimizer.param_groups]
        return optimizer

    def look(self, optimizer: torch.optim.Optimizer) -> None:
        self.lrs.append([group["lr"] for group in optimizer.param_groups])
        self.weights.append(_row(self.order))
        self.missing |= {n for n, p in self.model.named_parameters() if p.requires_grad and p.grad is None}
        self.gradients.append(_row([torch.zeros_like(p) if p.grad is None else p.grad for p in self.order]))

    def seen(self) -> dict:
        """One row of gradients per update; one of weights before each and one after the last."""
        return {
            "gradients": self.gradients,
            "weights": torch.stack([*self.weights, _row(self.order)]),
            "missing": sorted(self.missing),
        }


class _Saved:
    """A tensor in the hands of autograd; a weak reference tells when it lets go."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class _GraphCounter:
    """Counts the tensors that autograd has saved, and those of them it still holds."""

    def __init__(self) -> None:
        self.held: weakref.WeakSet[_Saved] = weakref.WeakSet()
        self.total = 0

    def pack(self, tensor: Tensor) -> _Saved:
        saved = _Saved(tensor)
        self.held.add(saved)
        self.total += 1
        return saved

    @staticmethod
    def unpack(saved: _Saved) -> Tensor:
        return saved.tensor


def _run(
    impl, lengths, seed, *, kind="gpt2", dtype="float64", optimizer="sgd", lr=0.05, spread=0.0, factors=(1.0,),
    silent=(), default_loss=False, options=None, prepare=None, on_step=None, wrap=list, **arguments,
):  # fmt: skip
    """Train a fresh tiny model; returns (model, watch, what `train` returned, the steps of the schedule)."""
    model = MODELS[kind](seed, dtype)
    batches = wrap(_batches(lengths, seed, kind, silent))
    watch = _Watch(model, optimizer, lr, spread, **(options or {}))
    asked: list[list] = []

    def schedule(step: int, total_steps: int) -> float:
        asked.append([step, total_steps])
        return factors[min(step, len(factors) - 1)]

    if not default_loss:
        arguments["loss"] = _loss(impl, kind, False)
    if on_step is not None:
        arguments["on_step"] = lambda step, loss, lr: on_step(model, step, loss, lr)
    if prepare is not None:
        prepare(model)
    losses = impl.train(model, batches, make_optimizer=watch.make_optimizer, schedule=schedule, **arguments)
    return model, watch, losses, asked


# ------------------------------------------------------------------------------------------ finetune.1


def loss(impl, logits, labels):
    """`lm_loss(logits, labels)`"""
    loss_sum, count = impl.lm_loss(logits, labels)
    return {"sum": loss_sum, "count": count}


def loss_gradient(impl, logits, labels, dtype="float64"):
    """`lm_loss(logits, labels)[0].backward()`"""
    logits = logits.to(getattr(torch, dtype)).requires_grad_(True)
    before = logits.detach().clone(), labels.clone()
    loss_sum, count = impl.lm_loss(logits, labels)
    loss_sum.backward()
    unchanged = torch.equal(before[0], logits) and torch.equal(before[1], labels)
    return {"sum": loss_sum, "count": count, "gradient": logits.grad, "unchanged": unchanged}


# ------------------------------------------------------------------------------------------ finetune.2


def groups(impl, kind, weight_decay, seed):
    """`param_groups(model, weight_decay)`"""
    model = _zoo(seed) if kind == "zoo" else MODELS[kind](seed)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decays: dict[str, list] = {name: [] for name in names.values()}
    strangers = []
    for group in impl.param_groups(model, weight_decay):
        for parameter in group["params"]:
            decays.get(names.get(id(parameter)), strangers).append(group["weight_decay"])
    trainable = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    return {"trainable": {name: decays.pop(name) for name in trainable}, "frozen": decays, "strangers": strangers}


def group_keys(impl, seed):
    """`param_groups(model, 0.1)`"""
    found = impl.param_groups(_gpt2(seed), 0.1)
    lists = [isinstance(group.get("params"), list) for group in found]
    return {"keys": [sorted(map(str, group)) for group in found], "lists": lists}


def factors(impl, steps, warmup_steps, total_steps):
    """`[lr_factor(step, warmup_steps, total_steps) for step in steps]`"""
    return {"factors": [impl.lr_factor(step, warmup_steps, total_steps) for step in steps]}


# ------------------------------------------------------------------------------------------ finetune.3


def updates(impl, lengths, seed, **setting):
    """`train(model, batches, loss=squared_distances, ...)`, watched at `optimizer.step`"""
    model, watch, losses, _ = _run(impl, lengths, seed, **setting)
    return watch.seen() | {"losses": losses}


def classifier(impl, lengths, seed, **setting):
    """`train(bert, batches, loss=cross_entropies_of_rows, ...)`, watched at `optimizer.step`"""
    return updates(impl, lengths, seed, kind="bert", **setting)


def joined_gradients(impl, lengths, seed, groups, kind="gpt2", weights=None, default_loss=False, model_seed=None):
    """The gradient of the mean loss of one batch that holds all rows of a group, by torch, for each group.

    `weights` are those of the model at each update; without them it keeps its first ones.
    """
    model = MODELS[kind](seed if model_seed is None else model_seed)
    batches = _batches(lengths, seed, kind)
    start = _row(_trainable(model))
    rows, means = [], []
    for update, group in enumerate(groups):
        if weights is not None:
            nn.utils.vector_to_parameters(weights[update], _trainable(model))
        batch = _joined([batches[index] for index in group])
        labels = batch.pop("labels")
        loss_sum, count = _loss(impl, kind, default_loss)(model(**batch).logits, labels)
        mean = loss_sum / count
        rows.append(_row(torch.autograd.grad(mean, _trainable(model))))
        means.append(mean.item())
    return {"start": start, "gradients": rows, "means": means}


def learning_rates(impl, lengths, seed, **setting):
    """`train(..., make_optimizer=..., schedule=...)`, whose groups start at different learning rates"""
    _, watch, _, asked = _run(impl, lengths, seed, spread=0.5, weight_decay=0.1, **setting)
    return {"initial": watch.initial, "lrs": watch.lrs, "totals": [total for _, total in asked]}


def reports(impl, lengths, seed, **setting):
    """`train(..., on_step=on_step)`"""
    calls: list[list] = []
    weights: list[Tensor] = []

    def on_step(model, step, loss, lr):
        calls.append([step, loss, lr])
        weights.append(_row(_trainable(model)))

    _, watch, losses, _ = _run(impl, lengths, seed, on_step=on_step, **setting)
    rows = torch.stack(weights) if weights else torch.zeros(0)
    return {"losses": losses, "calls": calls, "weights": watch.seen()["weights"], "weights_on_step": rows}


def surroundings(impl, lengths, seed, stale=0.0, stale_frozen=0.0, **setting):
    """`train(model, batches, ...)` on a model in eval mode that holds old gradients"""
    forwards: list[bool] = []
    entries: set[str] = set()
    flags: dict[str, bool] = {}
    frozen: dict[str, Tensor] = {}
    held: list[list] = []

    def prepare(model):
        for name, parameter in model.named_parameters():
            flags[name] = parameter.requires_grad
            old = stale if parameter.requires_grad else stale_frozen
            if old:
                parameter.grad = torch.full_like(parameter, old)
        frozen.update(_frozen_state(model))
        model.register_forward_pre_hook(look, with_kwargs=True)

    def look(module, _, named):
        forwards.append(all(m.training for m in module.modules()))
        entries.update(named)

    def wrap(batches):
        held.extend([batches, _copy(batches)])
        return batches

    model, watch, _, _ = _run(impl, lengths, seed, prepare=prepare, wrap=wrap, weight_decay=0.125, **setting)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    handed = [
        [names.get(id(parameter), "?"), group["weight_decay"]] for group in watch.given for parameter in group["params"]
    ]
    own = [
        [names.get(id(parameter), "?"), group["weight_decay"]]
        for group in impl.param_groups(model, 0.125)
        for parameter in group["params"]
    ]
    return watch.seen() | {
        "forwards": len(forwards),
        "labels_shown": "labels" in entries,
        "training": all(forwards),
        "training_after": all(module.training for module in model.modules()),
        "optimizers": watch.calls,
        "handed": sorted(handed),
        "own": sorted(own),
        "flags_changed": [name for name, p in model.named_parameters() if p.requires_grad != flags[name]],
        "frozen_changed": _changed(frozen, model),
        "batches_same": _same(*held),
    }


def graphs(impl, lengths, seed, **setting):
    """`train(..., on_step=on_step)`, counting what autograd still holds whenever `on_step` is called"""
    counter = _GraphCounter()
    alive: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(counter.pack, counter.unpack):
        _run(impl, lengths, seed, on_step=lambda *_: alive.append(len(counter.held)), **setting)
    return {"alive": alive, "saved": counter.total}


class _Loader:
    """A length and an iterator, nothing else; each epoch it starts one batch later, as a shuffling loader might."""

    def __init__(self, batches: list[dict]) -> None:
        self._batches = batches
        self.epochs = 0

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[dict]:
        start = self.epochs % len(self._batches)
        self.epochs += 1
        yield from self._batches[start:] + self._batches[:start]


def loader(impl, lengths, seed, **setting):
    """`train(model, loader, ...)`, where `loader` has another order in every epoch"""
    loaders: list[_Loader] = []

    def wrap(batches):
        loaders.append(_Loader(batches))
        return loaders[0]

    _, watch, losses, _ = _run(impl, lengths, seed, wrap=wrap, **setting)
    return watch.seen() | {"losses": losses, "epochs": loaders[0].epochs}


# ------------------------------------------------------------------------------------------ finetune.4


def evaluation(impl, lengths, seed, kind="gpt2", silent=(), scale=1.0, default_loss=False):
    """`evaluate(model, batches, loss)`"""
    model = MODELS[kind](seed)
    own_loss = _loss(impl, kind, default_loss)
    chosen = {} if default_loss else {"loss": lambda *given: (own_loss(*given)[0] * scale, own_loss(*given)[1])}
    return {"result": impl.evaluate(model, _batches(lengths, seed, kind, silent), **chosen)}


def quiet(impl, lengths, seed):
    """`evaluate(model, batches, loss)` on a model with dropout, half in train mode, that holds gradients"""
    model = _gpt2(seed, dropout=0.5)
    batches = _batches(lengths, seed, "gpt2")
    model.train()
    model.transformer.h[0].attn.eval()
    modes = [module.training for module in model.modules()]
    for parameter in _trainable(model):
        parameter.grad = torch.ones_like(parameter)
    before = {name: (p.detach().clone(), p.requires_grad) for name, p in model.named_parameters()}
    training: list[bool] = []
    graph: list[bool] = []
    kept = _copy(batches)

    def watched(logits, labels):
        training.append(any(module.training for module in model.modules()))
        graph.append(logits.requires_grad)
        return _squares(logits, labels)

    result = impl.evaluate(model, batches, watched)
    again = impl.evaluate(model, batches, _squares)
    return {
        "result": result,
        "again": again,
        "training": any(training),
        "graph": any(graph),
        "modes_same": [module.training for module in model.modules()] == modes,
        "weights_changed": [n for n, p in model.named_parameters() if not torch.equal(p, before[n][0])],
        "flags_changed": [n for n, p in model.named_parameters() if p.requires_grad != before[n][1]],
        "gradients_same": all(p.grad is not None and bool((p.grad == 1).all()) for p in _trainable(model)),
        "batches_same": _same(batches, kept),
    }


class _Counted(nn.Module):
    """A GPT-2 with a buffer that counts its training batches, as a batch norm does."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> object:
        if self.training:
            self.batches += 1
        return self.model(input_ids=input_ids, attention_mask=attention_mask)


def fitting(impl, lengths, eval_lengths, seed, factors, lr=0.05, default_loss=False, **arguments):
    """`fit(model, train_batches, eval_batches, make_optimizer=..., schedule=..., ...)`"""
    model = _Counted(_gpt2(seed))
    train_batches = _batches(lengths, seed, "gpt2")
    eval_batches = _batches(eval_lengths, seed + 1, "gpt2")
    calls: list[int] = []
    rows: list[Tensor] = []
    counts: list[int] = []
    made: list[torch.optim.Optimizer] = []

    def make_optimizer(groups):
        made.append(torch.optim.SGD(groups, lr=lr))
        return made[-1]

    def schedule(step, total_steps):
        return factors[min(step, len(factors) - 1)]

    def on_step(step, loss, lr):
        calls.append(step)
        rows.append(_row(_trainable(model)))
        counts.append(int(model.batches))

    if not default_loss:
        arguments["loss"] = _squares
    result = impl.fit(
        model, train_batches, eval_batches, make_optimizer=make_optimizer, on_step=on_step, schedule=schedule,
        **arguments,
    )  # fmt: skip
    return {
        "result": result,
        "calls": calls,
        "optimizers": len(made),
        "weights": torch.stack(rows) if rows else torch.zeros(0),
        "final": _row(_trainable(model)),
        "buffers": counts,
        "final_buffer": int(model.batches),
    }


# ------------------------------------------------------------------------------------------ finetune.5


class _Chain(nn.Module):
    """Embedding, linear layer, tanh, linear layer: small enough to count by hand.

    No output depends on `spare`, and what autograd saves of the buffer is a small part of its storage.
    """

    def __init__(self, words: int, width: int, hidden: int, learns: list[str]) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, words, bias=False)
        self.spare = nn.Linear(width, words, bias=False)
        self.register_buffer("gains", torch.ones(ROOM))
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.split(".")[0] in learns)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> _Output:
        logits = self.down(torch.tanh(self.up(self.embed(input_ids))))
        return _Output(logits * self.gains[: logits.shape[-1]])


def _move_into_one_storage(model: nn.Module) -> None:
    """Make all parameters parts of one tensor, none at its start, as libraries do that share models out."""
    flat = torch.cat([torch.zeros(ROOM), nn.utils.parameters_to_vector(model.parameters()).detach()])
    nn.utils.vector_to_parameters(flat[ROOM:], model.parameters())


def chain_cost(impl, rows, tokens, words, width, hidden, learns):
    """`cost_report(chain, batch)` for embedding, linear, tanh, linear"""
    model = _Chain(words, width, hidden, learns)
    _move_into_one_storage(model)
    ids = torch.zeros(rows, tokens, dtype=torch.int64)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}
    return {"report": impl.cost_report(model, batch)}


def model_cost(impl, lengths, seed, kind="gpt2", layers=1, tied=True, training=False, dtype="float32", dropout=0.0):
    """`cost_report(model, batch)`"""
    model = _gpt2(seed, dtype, layers, tied, dropout) if kind == "gpt2" else _bert(seed, dtype)
    (batch,) = _batches([lengths], seed, kind)
    model.train(training)
    model.lm_head.eval() if kind == "gpt2" else model.classifier.eval()
    modes = [module.training for module in model.modules()]
    first = _trainable(model)[0]
    first.grad = torch.ones_like(first)
    before = {name: (p.detach().clone(), p.requires_grad) for name, p in model.named_parameters()}
    kept = _copy([batch])
    report = impl.cost_report(model, batch)
    return {
        "report": report,
        "weights_changed": [n for n, p in model.named_parameters() if not torch.equal(p, before[n][0])],
        "flags_changed": [n for n, p in model.named_parameters() if p.requires_grad != before[n][1]],
        "gradients_left": [n for n, p in model.named_parameters() if p is not first and p.grad is not None],
        "gradient_same": first.grad is not None and bool((first.grad == 1).all()),
        "modes_same": [module.training for module in model.modules()] == modes,
        "batch_same": _same([batch], kept),
    }


# ------------------------------------------------------------------------------------------ finetune.6

_TINY_CONFIG = GPT2Config.from_json_file(TINY / "config.json")
_TINY_STATE = load_file(TINY / "model.safetensors")


@made_once
def _tiny() -> nn.Module:
    """The pre-trained model that `pretrain.py` makes."""
    config = GPT2Config(**_TINY_CONFIG.to_dict() | {"attn_implementation": "eager"})
    model = unfilled(GPT2LMHeadModel, config)
    model.load_state_dict(_TINY_STATE, strict=False)  # the file leaves out the head, which is the embedding
    return model.eval()


def _library_parts(watch: Callable[[Tensor], None] = lambda _: None) -> dict[str, Callable]:
    """The parts of `adapt` as PEFT makes them; `watch` is shown the logits of a model with a prompt.

    PEFT is imported here, when it is needed: it is not warm where the process also serves exercises that forbid it.
    """
    import peft

    def inject_lora(model, target_modules, r, alpha, dropout=0.0):
        conv = any(isinstance(module, Conv1D) for module in model.modules())
        config = peft.LoraConfig(
            r=r, lora_alpha=alpha, lora_dropout=dropout, target_modules=target_modules, fan_in_fan_out=conv
        )
        return peft.inject_adapter_in_model(config, model)

    class PtuningModel(peft.PeftModelForCausalLM):
        def __init__(self, base_model, num_virtual_tokens=20):
            config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=num_virtual_tokens)
            with warnings.catch_warnings():
                # PEFT asks transformers for something under its old name.
                warnings.simplefilter("ignore", FutureWarning)
                super().__init__(base_model, config)

        def forward(self, *given, **named):
            output = super().forward(*given, **named)
            watch(output.logits)
            return output

    return {"inject_lora": inject_lora, "PtuningModel": PtuningModel}


def _text(ids: Tensor) -> dict:
    """A batch of sentences whose last token is the target."""
    labels = torch.full_like(ids, -100)
    labels[:, -1] = ids[:, -1]
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def _answers(model: nn.Module, ids: Tensor) -> Tensor:
    """The logits that predict the last token of every sentence."""
    batch = _text(ids)
    with torch.no_grad():
        return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, -2]


def base_answers(impl, ids):
    """The pre-trained model's logits for the last token of each sentence."""
    return {"logits": _answers(_tiny(), ids)}


def trained_answers(impl, method, trained, asked):
    """The logits for the last token of sentences, by the library's model with these numbers for what learns."""
    parts, model = _library_parts(), _tiny()
    if method == "lora":
        # Its own rank: whether that is the right one is asked elsewhere.
        model = parts["inject_lora"](model, ["c_attn", "c_proj", "c_fc"], r=min(trained[0].shape), alpha=8)
    elif method == "prompt":
        model = parts["PtuningModel"](model, 4)
    learn = _trainable(model)
    if [p.shape for p in learn] != [p.shape for p in trained]:
        return dict.fromkeys(asked)
    with torch.no_grad():
        for parameter, values in zip(learn, trained, strict=True):
            parameter.copy_(values)
    return {name: _answers(model, sentences) for name, sentences in asked.items()}


def warm_up() -> None:
    """In the process that all workers are copies of: what libraries make at first use is made once."""
    _tiny()
    _unfilled_gpt2(0, True, 0.0, _Shallow)
    models = [(MODELS[kind](0), _batches([[3, 2]], 0, kind)[0]) for kind in MODELS]
    if "peft" in sys.modules:
        ids, parts = torch.ones(1, 4, dtype=torch.int64), _library_parts()
        adapted = parts["inject_lora"](_tiny(), ["c_attn", "c_proj", "c_fc"], r=2, alpha=4)
        models += [(adapted, _text(ids)), (parts["PtuningModel"](_tiny(), 2), _text(ids))]
    for model, batch in models:
        optimizer = torch.optim.AdamW(_trainable(model))
        with FlopCounterMode(display=False):
            model(**{name: given for name, given in batch.items() if name != "labels"}).logits.sum().backward()
        optimizer.step()


class _Interruption(Exception):
    pass


def _refuses(impl, adapted: nn.Module) -> bool:
    """Whether `adapter_off` raises ValueError, at once or on entering."""
    try:
        with impl.adapter_off(adapted):
            return False
    except ValueError:
        return True


@contextmanager
def _rates() -> Iterator[list[float]]:
    """The learning rate of the first group whenever any optimiser steps."""
    rates: list[float] = []
    handle = register_optimizer_step_pre_hook(
        lambda optimizer, *_: rates.append(float(optimizer.param_groups[0]["lr"]))
    )
    try:
        yield rates
    finally:
        handle.remove()


class _Table(nn.Module):
    """Logits that depend on the token alone: the quickest model there is."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(2, 2)

    def forward(self, input_ids: Tensor, **_: Tensor) -> _Output:
        return _Output(self.table(input_ids))


def recipe_rates(impl, lr, epochs, batches):
    """`train` with `lr_factor(s, N // 10, N)` and so many batches: the learning rate of every update"""
    with _rates() as rates:
        impl.train(
            _Table(), [_text(torch.zeros(1, 2, dtype=torch.int64)) for _ in range(batches)], epochs=epochs,
            make_optimizer=lambda groups: torch.optim.SGD(groups, lr=lr),
            loss=lambda logits, labels: (logits.sum(), labels.numel()),
            schedule=lambda step, total_steps: impl.lr_factor(step, total_steps // 10, total_steps),
        )  # fmt: skip
    return {"rates": torch.tensor(rates, dtype=torch.float64)}


class _Shallow(GPT2LMHeadModel):
    """A GPT-2 without layers, and without the library's way past them, which takes longer than all the rest."""

    def forward(self, input_ids: Tensor, **_: object) -> CausalLMOutput:
        parts = self.transformer
        embedded = parts.wte(input_ids) + parts.wpe(torch.arange(input_ids.shape[-1]))
        return CausalLMOutput(logits=self.lm_head(parts.ln_f(embedded)))


def full_rates(impl, seed, batches):
    """`adapt(model, "full", batches, parts, seed)` with so many batches: the learning rate of every update"""
    model = _randomise(_unfilled_gpt2(0, True, 0.0, _Shallow), seed, (), "float64")
    texts = _batches([[2]] * batches, seed, "gpt2")
    with _rates() as rates:
        impl.adapt(model, "full", texts, _library_parts(), seed)
    return {"rates": torch.tensor(rates, dtype=torch.float64)}


def adaptation(impl, method, ids, seed, asked, off=None):
    """`adapt(model, method, batches, parts, seed)`, then `with adapter_off(adapted) as base: ...`

    Trains on the sentences `ids`. Reports the learning rate of every update, and which of a prompted model's logits
    the loss depends on; the logits for the last token of the sentences in `asked`, and with the adapter off for
    those in `off`.
    """
    model = _tiny()
    before = {id(p): (name, p, p.detach().clone()) for name, p in model.named_parameters()}
    judged: list[Tensor] = []

    def watch(logits: Tensor) -> None:
        if logits.requires_grad:
            logits.register_hook(lambda gradient: judged.append(gradient.ne(0).any(-1)))

    with _rates() as rates:
        adapted = impl.adapt(model, method, [_text(ids)], _library_parts(watch), seed)
    seen = {name: _answers(adapted, sentences) for name, sentences in asked.items()}
    seen["rates"] = torch.tensor(rates, dtype=torch.float64)
    seen["judged"] = torch.stack(judged).any(0) if judged else None
    seen["moved"] = [name for name, p, values in before.values() if not torch.equal(p, values)]
    seen["trained"] = [parameter.detach().clone() for parameter in _trainable(adapted)]
    seen["learns"] = sum(values.numel() for values in seen["trained"])
    if method == "full":
        seen["off_raises"] = _refuses(impl, adapted)
    if off is not None:
        on = _answers(adapted, off)
        with impl.adapter_off(adapted) as base:
            seen["off"] = _answers(base, off)
        seen["on_again"] = _answers(adapted, off) - on
        with suppress(_Interruption), impl.adapter_off(adapted):
            raise _Interruption
        seen["on_after_error"] = _answers(adapted, off) - on
    return seen


def unknown_method(impl, ids, seed):
    """`adapt(model, "prefix", batches, parts, seed)`"""
    impl.adapt(_tiny(), "prefix", [_text(ids)], {}, seed)
    return {}
