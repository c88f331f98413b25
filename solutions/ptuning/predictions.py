"""Computes the answer to every question of exercise.toml, from the reference and the libraries."""

from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel


def tiny_gpt2() -> GPT2LMHeadModel:
    """One with numbers, and with GPT-2's 1024 positions."""
    return GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=40)).eval()


def trained(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def position_of_the_last(ptuning: ModuleType) -> int:
    mask = torch.tensor([[0, 0, 1, 1, 1]])
    return int(ptuning.build_prompt_inputs(torch.ones(3, 4), torch.ones(1, 5, 4), mask)["position_ids"][0, -1])


def targets_behind_a_prompt(ptuning: ModuleType) -> int:
    text = torch.ones(1, 6, dtype=torch.long)
    inputs = ptuning.build_prompt_inputs(torch.ones(4, 8), torch.ones(1, 6, 8), labels=text)
    return int((inputs["labels"][:, 1:] != -100).sum())  # GPT-2 compares column t with the label of t + 1


def shape_of_embeds(ptuning: ModuleType) -> tuple[int, ...]:
    return tuple(ptuning.build_prompt_inputs(torch.ones(20, 768), torch.ones(4, 30, 768))["inputs_embeds"].shape)


def trained_in_the_largest(ptuning: ModuleType) -> int:
    with torch.device("meta"):  # without its numbers
        base = GPT2LMHeadModel(GPT2Config(n_embd=1600, n_layer=48, n_head=25))
    assert sum(p.numel() for p in base.parameters()) == 1_557_611_200
    return trained(ptuning.PtuningModel(base, 8))


def longest_text(ptuning: ModuleType) -> int:
    model = ptuning.PtuningModel(tiny_gpt2(), 20)
    model(torch.ones(1, 1004, dtype=torch.long))
    with pytest.raises(ValueError, match="1024"):
        model(torch.ones(1, 1005, dtype=torch.long))
    return 1004


def width_of_both_directions(_: ModuleType) -> int:
    lstm = nn.LSTM(768, 128, num_layers=2, bidirectional=True, batch_first=True)
    return lstm(torch.ones(1, 20, 768))[0].shape[-1]


def kept_of_an_encoder(ptuning: ModuleType) -> int:
    encoder = ptuning.PromptEncoder(20, 768, 128, "mlp")
    assert trained(encoder) == 229_376
    return encoder.bake().numel()


def columns_of_generating(ptuning: ModuleType) -> int:
    base = tiny_gpt2()
    columns: list[int] = []
    norm = base.transformer.h[0].ln_1
    norm.register_forward_hook(lambda _module, inputs, _output: columns.append(inputs[0].shape[1]))
    text: Tensor = torch.ones(1, 30, dtype=torch.long)
    ptuning.generate(ptuning.PtuningModel(base, 20), text, torch.ones_like(text), max_new_tokens=10)
    return sum(columns)


PREDICTIONS = {
    "ptuning.1": [position_of_the_last, targets_behind_a_prompt, shape_of_embeds],
    "ptuning.2": [trained_in_the_largest, longest_text],
    "ptuning.3": [width_of_both_directions, kept_of_an_encoder],
    "ptuning.4": [columns_of_generating],
}
