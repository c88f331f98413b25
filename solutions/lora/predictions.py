"""Computes the answer to every question of exercise.toml, from the reference and the libraries."""

from types import ModuleType

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPT2Config, GPT2LMHeadModel


def bare_gpt2() -> GPT2LMHeadModel:
    """GPT-2 as it was published, without its numbers."""
    with torch.device("meta"):
        return GPT2LMHeadModel(GPT2Config())


def shape_of_update(lora: ModuleType) -> tuple[int, ...]:
    return tuple(lora.lora_delta(torch.ones(8, 768), torch.ones(2304, 8), 16.0).shape)


def scale_of_more_rank(lora: ModuleType) -> float:
    return lora.lora_scale(16, 32) / lora.lora_scale(16, 8)


def trained_in_a_layer(lora: ModuleType) -> int:
    layer = lora.LoRALinear(nn.Linear(768, 3072), 16, 16.0)
    return sum(p.numel() for p in layer.parameters() if p.requires_grad)


def first_gradient_of_a(lora: ModuleType) -> str:
    layer = lora.LoRALinear(nn.Linear(5, 7), 3, 16.0)
    layer(torch.randn(4, 5)).square().sum().backward()
    assert layer.B.grad.abs().max() > 0
    return "something" if layer.A.grad.abs().max() > 0 else "exactly zero"


def cost_of_merged(lora: ModuleType) -> int:
    layer, x = lora.LoRALinear(nn.Linear(96, 80), 64, 16.0), torch.ones(1, 96)
    flops = []
    for model in (layer.base, layer):
        layer.merge()
        with FlopCounterMode(display=False) as counter:
            model(x)
        flops.append(counter.get_total_flops())
    return flops[1] - flops[0]


def round_trip(lora: ModuleType) -> str:
    torch.manual_seed(0)
    layer = lora.LoRALinear(nn.Linear(64, 64), 8, 16.0)
    nn.init.normal_(layer.B)
    before = layer.base.weight.clone()
    layer.merge()
    layer.unmerge()
    return "always" if torch.equal(before, layer.base.weight) else "not always"


def trained_in_gpt2(lora: ModuleType) -> int:
    return lora.count_parameters(lora.inject_lora(bare_gpt2(), ["c_attn", "c_fc"], r=4, alpha=8.0))[0]


def shape_of_conv1d(_: ModuleType) -> tuple[int, ...]:
    return tuple(bare_gpt2().transformer.h[0].attn.c_attn.weight.shape)


def tensors_of_an_adapter(lora: ModuleType) -> int:
    return len(lora.adapter_state(lora.inject_lora(bare_gpt2(), ["c_attn", "c_proj"], r=4, alpha=8.0)))


PREDICTIONS = {
    "lora.1": [shape_of_update, scale_of_more_rank],
    "lora.2": [trained_in_a_layer, first_gradient_of_a],
    "lora.3": [cost_of_merged, round_trip],
    "lora.4": [trained_in_gpt2, shape_of_conv1d],
    "lora.5": [tensors_of_an_adapter],
}
