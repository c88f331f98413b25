"""The workloads by which an implementation of `ptuning.py` is measured on a GPU. Holds no expected values.

A workload prepares a model for a seed and gives two functions: one makes the inputs of a repetition from its own seed,
the prompt among them, one takes the step. The gradient of the prompt is small, and all of the model's work is in it.
"""

import torch
from torch import nn
from torch.nn.functional import gelu
from transformers.models.gpt2.modeling_gpt2 import GPT2Config, GPT2LMHeadModel

WORDS = 512


def _gpt2(device, seed, width, layers, dtype, place=""):
    """A GPT-2 with random weights, the same on every device, without dropout, in eval mode."""
    config = GPT2Config(
        vocab_size=WORDS, n_positions=1024, n_embd=width, n_layer=layers, n_head=4, bos_token_id=0, eos_token_id=0,
        attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, use_cache=False,
    )  # fmt: skip
    with torch.device("meta"):
        model = GPT2LMHeadModel(config)
    model = model.to(device.dtype(dtype)).to_empty(device=place or device.place)
    with torch.no_grad():
        for number, (name, parameter) in enumerate(model.named_parameters()):
            around = 1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0
            parameter.copy_(device.noise(seed + number, *parameter.shape, dtype=dtype, size=0.05) + around)
        for name, buffer in model.named_buffers():
            raise RuntimeError(f"GPT-2 has a buffer here, {name}, which nothing fills")
    return model.eval()


def _set_prompt(model: nn.Module, values: torch.Tensor) -> nn.Parameter:
    """Give the one trainable tensor its values; its elements in row-major order are the (V, d) prompt."""
    (prompt,) = (p for p in model.parameters() if p.requires_grad)
    with torch.no_grad():
        prompt.copy_(values.reshape(prompt.shape))
    prompt.grad = None
    return prompt


def _columns(device, one, width, rows, columns, dtype):
    return device.noise(one, rows, columns, width, dtype=dtype, size=0.1)


def _inputs(device, width, rows, text, virtual, dtype):
    def inputs(one):
        ids = device.integers(one, rows, text, below=WORDS)
        # As much to make as for the bare base, so that a question about either takes as long beside its steps.
        prompt = _columns(device, one + 1, width, rows, virtual + text, dtype)[0, :virtual].clone()
        return ids, prompt, device.noise(one + 2, rows, virtual + text, 1, dtype=dtype)

    return inputs


def prompted(impl, device, seed, width, layers, rows, text, virtual, dtype="bfloat16", wrapped_first=False):
    """`PtuningModel(base, V)(input_ids)`: forward, and backward to the prompt"""
    width, rows, dtype = width // device.scale, max(2, rows // device.scale), getattr(torch, dtype)
    base = _gpt2(device, seed, width, layers, dtype, place="cpu" if wrapped_first else device.place)
    model = impl.PtuningModel(base, virtual).to(device.place)

    def step(ids, values, weights):
        prompt = _set_prompt(model, values)
        (gelu(model(ids).logits) * weights).mean(0).sum().backward()
        return prompt.grad.reshape(-1)

    return _inputs(device, width, rows, text, virtual, dtype), step


def bare(impl, device, seed, width, layers, rows, text, virtual):
    """The base alone, on as many columns that all learn: forward and backward"""
    width, rows, dtype = width // device.scale, max(2, rows // device.scale), torch.bfloat16
    base = _gpt2(device, seed, width, layers, dtype).requires_grad_(False)

    def inputs(one):
        device.integers(one, rows, text, below=WORDS)
        columns = _columns(device, one, width, rows, virtual + text, dtype).requires_grad_(True)
        return columns, device.noise(one + 1, rows, virtual + text, 1, dtype=dtype)

    def step(columns, weights):
        (gelu(base(inputs_embeds=columns).logits) * weights).mean(0).sum().backward()
        return columns.grad[0, :virtual].reshape(-1)

    return inputs, step


def wrapped(impl, device, seed, width, layers, rows, text, virtual):
    """`PtuningModel(base, V)` around a base that is there, and one forward pass of it"""
    width, dtype = width // device.scale, torch.bfloat16
    base = _gpt2(device, seed, width, layers, dtype)

    def step(ids, values, weights):
        model = impl.PtuningModel(base, virtual)
        _set_prompt(model, values)
        with torch.no_grad():
            return (gelu(model(ids).logits) * weights).sum((0, 1))

    return _inputs(device, width, rows, text, virtual, dtype), step
