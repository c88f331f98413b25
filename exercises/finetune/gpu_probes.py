"""The workloads by which an implementation of `finetune.py` is measured on a GPU. Holds no expected values.

A workload prepares a model for a seed and gives two functions: one makes the inputs of a repetition from its own seed,
one takes the step. Weights go back to where they were before every step, so that each can be judged by itself.
"""

import torch
from torch import nn
from transformers.models.gpt2.modeling_gpt2 import GPT2Config, GPT2LMHeadModel

WORDS = 512
UPDATES, ACCUMULATION = 2, 4


def lossy(impl, device, seed, rows, text, dtype):
    """`lm_loss(logits, labels)` of logits on the device"""
    dtype = getattr(torch, dtype)

    def inputs(one):
        logits = device.noise(one, rows, text, WORDS, dtype=dtype, size=4.0)
        labels = device.integers(one + 1, rows, text, below=WORDS)
        return logits, labels.masked_fill(device.integers(one + 2, rows, text, below=4) == 0, -100)

    def step(logits, labels):
        total, count = impl.lm_loss(logits, labels)
        return torch.stack([total.double(), torch.as_tensor(count, device=total.device).double()])

    return inputs, step


def _gpt2(device, seed, width, layers):
    """A GPT-2 in float32 with random weights, the same on every device, without dropout."""
    config = GPT2Config(
        vocab_size=WORDS, n_positions=256, n_embd=width, n_layer=layers, n_head=4, bos_token_id=0, eos_token_id=0,
        attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, use_cache=False,
    )  # fmt: skip
    with torch.device("meta"):
        model = GPT2LMHeadModel(config)
    model = model.to(device.dtype(torch.float32)).to_empty(device=device.place)
    with torch.no_grad():
        for number, (name, parameter) in enumerate(model.named_parameters()):
            around = 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0
            parameter.copy_(device.noise(seed + number, *parameter.shape, dtype=torch.float32, size=0.05) + around)
    return model


def _constant(step, total_steps):
    return 1.0


def _trained(impl, device, seed, width, layers, rows, text, rate, answer):
    """`train` of a float32 model under autocast to bfloat16: groups of several batches, and updates by SGD."""
    # Gradients of fewer rows are mostly rounding in bfloat16.
    width, rows = width // device.scale, max(4, rows // device.scale)
    model = _gpt2(device, seed, width, layers)
    start = [parameter.detach().clone() for parameter in model.parameters()]
    norms = [p for m in model.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()]

    def inputs(one):
        batches = []
        for number in range(UPDATES * ACCUMULATION):
            ids = device.integers(one + number, rows, text, below=WORDS)
            batches.append({"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids})
        return (batches,)

    def step(batches):
        with torch.no_grad():
            for parameter, values in zip(model.parameters(), start, strict=True):
                parameter.copy_(values)
        before = [norm.detach().clone() for norm in norms]
        with device.autocast(torch.bfloat16):
            found = impl.train(
                model, batches, make_optimizer=lambda groups: torch.optim.SGD(groups, lr=rate),
                schedule=_constant, accumulation=ACCUMULATION, max_grad_norm=1.0,
            )  # fmt: skip
        moved = [(norm.detach() - values).norm() for norm, values in zip(norms, before, strict=True)]
        return torch.tensor(found, dtype=torch.float64) if answer == "losses" else torch.stack(moved)

    return inputs, step


def losses(impl, device, seed, **sizes):
    """`train(model, batches, ...)` under autocast to bfloat16, on float32 weights: the losses"""
    return _trained(impl, device, seed, **sizes, rate=0.1, answer="losses")


def norms(impl, device, seed, **sizes):
    """`train(model, batches, ...)` under autocast to bfloat16, on float32 weights: how far each norm moved"""
    return _trained(impl, device, seed, **sizes, rate=0.1, answer="norms")
