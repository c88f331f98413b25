"""Computes the answer to every question of exercise.toml, from the reference and the libraries."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

EXERCISES = Path(__file__).parents[2] / "exercises"
WIDTH = 16


class Guess(nn.Module):
    """Thinks all words equally likely, whatever it reads."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(words))

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.logits.expand(*input_ids.shape, -1))


class Layers(nn.Module):
    """So many linear layers, the first of which has inputs that need no gradient."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(number)))

    def forward(self, x: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.layers(x))


def words(*shape: int) -> dict[str, Tensor]:
    """A batch of the word 1, every label a target but the first."""
    ids = torch.ones(shape, dtype=torch.long)
    return {"input_ids": ids, "labels": ids}


def updates(finetune: ModuleType, model: nn.Module, batches: list[dict[str, Tensor]], **arguments: object) -> list:
    """The losses of a training that moves nothing."""
    return finetune.train(
        model, batches, make_optimizer=lambda groups: torch.optim.SGD(groups, lr=0.0), schedule=lambda _s, _n: 1.0,
        **arguments,
    )  # fmt: skip


def targets_of_rows(finetune: ModuleType) -> int:
    labels = torch.ones(2, 8, dtype=torch.long)
    labels[1, 5:] = -100
    return int(finetune.lm_loss(torch.zeros(2, 8, 4), labels)[1])


def cost_of_knowing_nothing(finetune: ModuleType) -> float:
    loss, count = finetune.lm_loss(torch.zeros(1, 3, 50257), torch.ones(1, 3, dtype=torch.long))
    return float(loss) / int(count)


def share_halfway(finetune: ModuleType) -> float:
    return finetune.lr_factor(550, 100, 1000)


def decaying_tensors(finetune: ModuleType) -> int:
    with torch.device("meta"):
        groups = finetune.param_groups(GPT2LMHeadModel(GPT2Config()), 0.1)
    decaying = [p for group in groups for p in group["params"] if group["weight_decay"]]
    exempt = [p.numel() for group in groups for p in group["params"] if not group["weight_decay"]]
    assert len(exempt) == 98
    assert sum(exempt) < 124_439_808 / 1000
    return len(decaying)


def updates_of_epochs(finetune: ModuleType) -> int:
    return len(updates(finetune, Guess(3), [words(1, 3)] * 10, epochs=3, accumulation=4))


def mean_of_a_group(finetune: ModuleType) -> float:
    given = iter([(3.0, 3), (5.0, 1)])

    def loss(logits: Tensor, _labels: Tensor) -> tuple[Tensor, int]:
        total, count = next(given)
        return logits.sum() * 0 + total, count

    return updates(finetune, Guess(3), [words(1, 3)] * 2, accumulation=2, loss=loss)[0]


def clipped_as_one(_: ModuleType) -> float:
    parameters = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    for parameter, gradient in zip(parameters, (3.0, 4.0), strict=True):
        parameter.grad = torch.tensor([gradient])
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    return float(parameters[1].grad) / 4.0


def perplexity_of_thirteen(finetune: ModuleType) -> float:
    return finetune.evaluate(Guess(13), [words(2, 5)])["perplexity"]


def epoch_of_what_was_kept(_: ModuleType) -> int:
    """An epoch here is adding one to the weight."""
    model, best = nn.Linear(1, 1, bias=False), {}
    nn.init.zeros_(model.weight)
    for epoch in range(1, 6):
        with torch.no_grad():
            model.weight += 1
        if epoch == 2:
            best = model.state_dict()
    return int(best["weight"])


def bytes_beside_a_weight(finetune: ModuleType) -> int:
    cost = finetune.cost_report(Layers(1), {"x": torch.ones(5, WIDTH)})
    return (cost["grad_bytes"] + cost["optimizer_bytes"]) // cost["trainable"]


def backward_of_a_layer(finetune: ModuleType) -> float:
    """What the second layer adds to the backward pass."""
    one, two = (finetune.cost_report(Layers(number), {"x": torch.ones(5, WIDTH)}) for number in (1, 2))
    return (two["backward_flops"] - one["backward_flops"]) / one["forward_flops"]


def columns_of_labels(finetune: ModuleType) -> int:
    """The only number that the loss can be computed with: of the logits, virtual tokens included."""
    logits = torch.zeros(1, finetune.VIRTUAL_TOKENS + 4, 3)
    assert int(finetune.text_loss(logits, torch.ones(1, 4, dtype=torch.long))[1]) == 4
    return logits.shape[1]


def trained_by_lora(finetune: ModuleType) -> int:
    """As PEFT counts."""
    from peft import LoraConfig, get_peft_model

    model = GPT2LMHeadModel.from_pretrained(EXERCISES / "finetune/tiny", local_files_only=True)
    assert model.config.n_embd * finetune.VIRTUAL_TOKENS == 256
    given = finetune.LORA
    config = LoraConfig(
        r=given["r"], lora_alpha=given["alpha"], target_modules=given["target_modules"], fan_in_fan_out=True
    )
    return get_peft_model(model, config).get_nb_trainable_parameters()[0]


PREDICTIONS = {
    "finetune.1": [targets_of_rows, cost_of_knowing_nothing],
    "finetune.2": [share_halfway, decaying_tensors],
    "finetune.3": [updates_of_epochs, mean_of_a_group, clipped_as_one],
    "finetune.4": [perplexity_of_thirteen, epoch_of_what_was_kept],
    "finetune.5": [bytes_beside_a_weight, backward_of_a_layer],
    "finetune.6": [columns_of_labels, trained_by_lora],
}
