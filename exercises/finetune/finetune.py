"""Full fine-tuning: train every weight of a model, and know what it costs and what it forgets.

One update of the model computes the gradient of the mean loss of a group of batches, clips it, and hands it
to an optimiser whose learning rate follows a schedule:

    batches --> model --> loss(logits, labels) --> backward        once per batch of the group
                                                      |
                   divide by the targets of the group, clip, step    once per group

Six tasks:

    finetune.1  the loss of a language model, as a sum and a count
    finetune.2  which parameters decay, and the learning rate over time
    finetune.3  the training loop
    finetune.4  evaluation, and keeping the best weights
    finetune.5  what training costs in bytes and floating-point operations
    finetune.6  what a tuned model has learned and forgotten: everything, LoRA and a prompt compared

Each hole raises `NotImplementedError` until you fill it. The docstrings are the specification: what they do
not fix (order of operations, your own helpers, more functions) is yours to choose. You may use torch,
transformers, safetensors, numpy and the standard library, but not `transformers.Trainer`: it is what you
are writing.

A *batch* is a dict of tensors: `input_ids` and `attention_mask`, both (B, T), `labels`, and perhaps others.
A label of -100 stands for "no target here". The model is called with every entry but `labels` and returns an
object with `.logits`. Nobody changes a batch.

*Batches* is any object that has a length and can be iterated once per epoch, such as a list or a
`DataLoader`. It arrives in its order, which may be another one in the next epoch: do not reshuffle it, and do
not keep its batches for the next epoch.

Letters: B rows, T tokens, V words of the vocabulary, N updates in all, W updates of warm-up.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

Batch = dict[str, Tensor]
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor | int]]


class Batches(Protocol):
    """Anything with a length that gives its batches anew in every epoch."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


def logits_of(model: nn.Module, batch: Batch) -> Tensor:
    """What the model says of a batch; it sees every entry but the labels."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    return model(**inputs).logits


# ------------------------------------------------------------------------------------------ finetune.1


def lm_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    """The cross-entropy of the next token, summed, and the number of targets it was summed over.

    logits (B, T, V), labels (B, T) int64. The logits at position t predict the label at t + 1. The first
    label of a row is nobody's target, the last logits predict nothing, and targets of -100 do not count: not
    in the sum, not in the number, not in the gradient. Logits may be as large as 1e4.

    Returns (loss_sum, count). Sum and count of a batch are the sums of those of its rows, which a mean's
    would not be. loss_sum is a 0-dim tensor in the dtype of the logits, or float32 if they are bfloat16 or
    float16. count is an int or a 0-dim tensor. Without a target (all -100, or T = 1) they are 0 and 0, and
    `loss_sum.backward()` works and gives zeros. The arguments stay unchanged.

    Example: logits of zeros with B, T, V = 1, 3, 4 and labels [[1, 2, 3]] give (2 log 4, 2).
    """
    # TODO(finetune.1): shift, ignore, sum and count (about 5 lines)
    raise NotImplementedError("finetune.1")


# ------------------------------------------------------------------------------------------ finetune.2

NO_DECAY = re.compile(r"bias|layernorm|rmsnorm|(^|\.)norm($|\.)|_norm($|\.)")


def param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """The trainable parameters of a model, in groups for a torch optimiser.

    Every parameter with `requires_grad` is in exactly one group, a tensor that two modules share included;
    frozen ones are in none. A parameter is exempt from weight decay, that is, in a group whose `weight_decay`
    is 0.0, if
        - it belongs to an `nn.LayerNorm` (or a subclass of it), whatever its name, or
        - `NO_DECAY` is found in its lower-case name in `model.named_parameters()`.
    All others decay with `weight_decay`, embeddings too. The class names of other modules do not count. This
    is the rule of transformers.

    Each group is a dict with the keys `params` (a list of parameters) and `weight_decay` (a number), no
    others. Number and order of the groups are free; a group may be empty. The model stays unchanged.

    Example: for `nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3))` and 0.1, "0.weight" decays with 0.1, and
    "0.bias", "1.weight" and "1.bias" with 0.0. GPT-2 calls its layer norms `ln_1`, `ln_2` and `ln_f`.
    """
    # TODO(finetune.2): sort the trainable parameters into those that decay and the others (about 8 lines)
    raise NotImplementedError("finetune.2")


def lr_factor(step: int, warmup_steps: int, total_steps: int) -> float:
    """The share of the full learning rate that update number `step` gets: linear warm-up, then linear decay.

    With s, W, N for the three arguments: s / W while s < W, then (N - s) / (N - W), so that the factor is 0
    at s = 0 (if there is a warm-up), 1 at s = W and 0 again at s = N. From N on it is 0 whatever W is: a
    warm-up of W >= N steps never ends. W = 0 starts at 1. All three are ints, s >= 0, W >= 0, N >= 1.

    Example: W = 2 and N = 6 give 0, 0.5, 1, 0.75, 0.5, 0.25, 0 for s = 0 ... 6.
    """
    # TODO(finetune.2): the two slopes and the end (about 4 lines)
    raise NotImplementedError("finetune.2")


# ------------------------------------------------------------------------------------------ finetune.3


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    """Leave the gradient of the mean loss of a group of batches in `.grad`, and return that mean.

    The mean is that of one batch that holds all rows of the group: the sum of all losses divided by the
    number of all targets. It is not the mean of the batches' means: batches with few targets would count too
    much. The batches go through the model one at a time, and no graph outlives its batch: the memory
    needed is that of one batch, which is the point of accumulation.

    `.grad` is empty (None or zeros) before. A group without any target has the mean 0.0 and leaves zero
    gradients, which are no NaN and no None.

    A helper of `train`: it is graded only through `train`, and you may delete it.
    """
    # TODO(finetune.3): accumulate the gradient of the sum; what is left to do when all targets are counted?
    # (about 10 lines)
    raise NotImplementedError("finetune.3")


def train(
    model: nn.Module,
    batches: Batches,
    *,
    make_optimizer: Callable[[list[dict]], torch.optim.Optimizer],
    schedule: Callable[[int, int], float],
    epochs: int = 1,
    accumulation: int = 1,
    max_grad_norm: float | None = 1.0,
    weight_decay: float = 0.0,
    loss: Loss = lm_loss,
    on_step: Callable[[int, float, float], None] | None = None,
) -> list[float]:
    """Train the model; returns the mean loss of each update's group before that update, as plain floats.

    Groups
        One update uses a group of `accumulation` consecutive batches. The last group of an epoch may be
        smaller and is an update like any other; no group crosses the end of an epoch. That makes
        N = epochs * ceil(len(batches) / accumulation) updates, numbered s = 0 ... N - 1.

    What happens once, at first
        The model is put into train mode, and left in it. Gradients left over from earlier work are cleared.
        `make_optimizer(param_groups(model, weight_decay))` is called, exactly once.

    What happens in update s, in this order
        1. The learning rate of every group of the optimiser becomes the group's own initial one times
           `schedule(s, N)`. (`schedule` may be called more often, with any step from 0 to N.)
        2. The gradient is that of the mean loss of the group, as `backward_group` says, by
           `loss(logits, labels)`; the loss that a model computes by itself plays no part.
        3. If `max_grad_norm` is a number, the gradients of all the optimiser's parameters, taken as one
           vector, are multiplied by min(1, max_grad_norm / (norm + eps)), eps <= 1e-6. None: no clipping.
        4. `optimizer.step()`. A step with a closure is fine.
        5. Gradients are cleared.
        6. `on_step(s, loss, lr)`, if there is one, with an int and two floats: the same loss that goes into
           the returned list, and the learning rate that this update used (of the first group, if the
           groups differ). It may evaluate the model.

    `requires_grad` flags stay as they are. When `on_step` runs, no graph of the update is alive.

    Example: 5 batches, epochs=2 and accumulation=2 make N = 6 updates of 2, 2, 1, 2, 2 and 1 batches.
    """
    # TODO(finetune.3): what happens once (about 5 lines)
    raise NotImplementedError("finetune.3")
    losses: list[float] = []
    for _ in range(epochs):
        # TODO(finetune.3): update after update, until the epoch has no batches left (about 14 lines)
        raise NotImplementedError("finetune.3")
    return losses


# ------------------------------------------------------------------------------------------ finetune.4


def evaluate(model: nn.Module, batches: Batches, loss: Loss = lm_loss) -> dict[str, float]:
    """The mean loss over all targets of all batches, and its exponential.

    Returns {"loss": ..., "perplexity": ...}. The mean is the sum of all losses divided by the number of all
    targets, so it does not depend on how the rows are cut into batches. Both values are plain floats. A
    perplexity too large for a float is inf; without any target both are nan.

    The model computes in eval mode and without a graph. Afterwards every module of it is in the mode it was
    in before, which need not be the same for all. Weights, gradients and flags stay as they are.

    Example: mean losses of 1.0 over 3 targets and 2.0 over 1 make a loss of 1.25 and a perplexity of 3.49.
    """
    # TODO(finetune.4): remember the modes, sum over the batches, restore the modes (about 12 lines)
    raise NotImplementedError("finetune.4")


def fit(model: nn.Module, train_batches: Batches, eval_batches: Batches, **train_arguments) -> dict:
    """Train, evaluate after every epoch, and leave the best weights in the model.

    `train_arguments` are those of `train`, which is called once and runs all epochs. `evaluate` runs after
    the last update of every epoch and not before the first, with the `loss` of the training. An `on_step` of
    the caller is called as `train` promises.

    Returns a dict with
        losses         what `train` returned,
        evaluations    what `evaluate` returned after each epoch: a list of `epochs` dicts,
        best_epoch     the index in `evaluations` of the lowest loss; the earliest, if several are the lowest,
        best_loss      that loss.
    In the end the model holds the weights and buffers that it had after epoch `best_epoch`.

    Example: evaluation losses of 2.0, 1.5, 1.5, 1.8 make best_epoch 1 and best_loss 1.5.
    """
    # TODO(finetune.4): how many updates make an epoch? (1 line)
    raise NotImplementedError("finetune.4")
    evaluations: list[dict[str, float]] = []
    best: dict = {"epoch": 0, "state": {}}
    callers_on_step = train_arguments.pop("on_step", None)

    def on_step(step: int, step_loss: float, lr: float) -> None:
        if callers_on_step is not None:
            callers_on_step(step, step_loss, lr)
        # TODO(finetune.4): was this the last update of an epoch? Then evaluate, and keep what is best
        # (about 6 lines)
        raise NotImplementedError("finetune.4")

    losses = train(model, train_batches, on_step=on_step, **train_arguments)
    # TODO(finetune.4): the model's weights are those of the last epoch now (1 line)
    raise NotImplementedError("finetune.4")
    return {
        "losses": losses,
        "evaluations": evaluations,
        "best_epoch": best["epoch"],
        "best_loss": evaluations[best["epoch"]]["loss"],
    }


# ------------------------------------------------------------------------------------------ finetune.5


def forward_cost(model: nn.Module, batch: Batch) -> tuple[Tensor, int, int]:
    """The logits of a batch, and what `cost_report` calls `saved_bytes` and `forward_flops`.

    A helper of `cost_report`: it is graded only through that, and you may delete it.
    """
    # TODO(finetune.5): `saved_tensors_hooks` shows what autograd saves, `FlopCounterMode(display=False)`
    # counts (about 10 lines)
    raise NotImplementedError("finetune.5")


def cost_report(model: nn.Module, batch: Batch) -> dict[str, int]:
    """What one training step of this model on this batch costs, with AdamW. A dict of ints:

        trainable          numbers in parameters with `requires_grad`
        total              numbers in all parameters; a tensor that two modules share counts once
        grad_bytes         bytes of the gradients of the trainable parameters, in their own dtypes
        optimizer_bytes    bytes of AdamW's two moments, which have the size and dtype of the gradients
        saved_bytes        bytes that autograd keeps for the backward pass while the model computes its
                           logits: the whole of every storage that a saved tensor lies in, each storage once,
                           without those of parameters and buffers. The input ids count if they are saved.
        forward_flops      floating-point operations of the forward pass alone, as torch's counter counts them
        backward_flops     those of the backward pass alone, from the logits to the trainable parameters

    The model is called with every entry of the batch but the labels, in the mode it is in; the loss is left
    out. It is a float model with eager attention, as the counter does not see into fused kernels on the CPU,
    and something in it is trainable. Weights, gradients, flags and mode stay as they are; a gradient that
    was None is None again.

    Example: a float32 `nn.Linear(2, 3)` without bias on 5 rows has trainable = total = 6, grad_bytes 24,
    optimizer_bytes 48, saved_bytes 40 (its input), and 2 * 5 * 2 * 3 = 60 FLOPs in either direction.
    """
    logits, saved_bytes, forward_flops = forward_cost(model, batch)
    # TODO(finetune.5): count numbers and bytes of the parameters, and the FLOPs of a backward pass that
    # leaves no gradients behind (about 15 lines)
    raise NotImplementedError("finetune.5")


# ------------------------------------------------------------------------------------------ finetune.6

# How each method trains: what worked in `measure.py`, which draws the table and the picture of the README.
RECIPES = {
    "full": {"lr": 8e-3, "epochs": 10},
    "lora": {"lr": 4e-2, "epochs": 10},
    "prompt": {"lr": 1.5e-1, "epochs": 20},
}
LORA = {"target_modules": ["c_attn", "c_proj", "c_fc"], "r": 4, "alpha": 8}
VIRTUAL_TOKENS = 4


def text_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | int]:
    """`lm_loss` for a model that may put virtual tokens before the text.

    logits (B, P + T, V) with P >= 0 virtual tokens in front, labels (B, T). The last virtual token predicts
    the first token of the text; no virtual token is a target.

    A helper of `adapt`: it is graded only through that, and you may delete it.
    """
    # TODO(finetune.6): give the labels the length of the logits (about 2 lines)
    raise NotImplementedError("finetune.6")


def adapt(model: nn.Module, method: str, batches: Batches, parts: Mapping[str, Callable], seed: int) -> nn.Module:
    """Tune a pre-trained GPT-2 on a task by one of three methods; returns the tuned model.

        "full"      every parameter learns
        "lora"      `parts["inject_lora"](model, **LORA)` freezes the model and puts adapters into it
        "prompt"    `parts["PtuningModel"](model, VIRTUAL_TOKENS)` freezes the model and puts virtual tokens
                    in front of the text: its logits are those of VIRTUAL_TOKENS + T positions

    Any other method raises ValueError. `parts` are the solutions of the exercises `lora` and `ptuning`, or
    the library's: rely on nothing but what is said here. They start at random, after `torch.manual_seed`.

    Training is `train` with AdamW and `RECIPES[method]`: its learning rate, its number of epochs, warm-up
    over a tenth of all updates, then linear decay to zero; no weight decay. `batches` are as for `train`, and
    their labels belong to the text alone.

    `model` may be changed in place and may be part of what is returned; callers go on with the returned
    model, which is called with `input_ids` and `attention_mask`. "lora" and "prompt" leave every weight of
    the pre-trained model as it was, bit for bit.
    """
    torch.manual_seed(seed)
    # TODO(finetune.6): prepare the model for its method, train it, note what `adapter_off` will need
    # (about 15 lines)
    raise NotImplementedError("finetune.6")


@contextmanager
def adapter_off(adapted: nn.Module) -> Iterator[nn.Module]:
    """The pre-trained model again, for as long as a `with` block lasts.

        with adapter_off(adapted) as base:
            base(input_ids=..., attention_mask=...)

    `adapted` is what `adapt` returned. What the block gets (`adapted` itself or another module) computes
    exactly the logits of the model before `adapt`, for the T positions of the text. After the block `adapted`
    gives exactly the logits that it gave before it, also if the block raised.

    Raises ValueError for a model tuned by "full": its former weights are gone.
    """
    # TODO(finetune.6): for a prompt the base is at hand; LoRA is off when its update is zero (about 12 lines)
    raise NotImplementedError("finetune.6")
