"""Makes the tiny pre-trained model of finetune.6: a GPT-2 that knows seven affine maps modulo 13 by their keys.

    python exercises/finetune/pretrain.py            writes tiny/config.json and tiny/model.safetensors

It reads `key x = ` and says `y`, where y = a x + b (mod 13) and every key names its own (a, b). Seeded: the same
machine and library versions write the same file. The loop is `Trainer`, the library way of this exercise's README.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

MODULUS = 13
MAPS = [(2, 3), (3, 7), (4, 1), (5, 10), (6, 5), (7, 12), (8, 9)]
FIRST_KEY = 13  # tokens 0..12 are numbers, 13..19 the keys of the seven maps
EQUALS = 20
BLANK = 21
SLOTS = 4  # at most so many tokens come before x

STEPS = 2000
KEY_NOISE = 2.5
BLANK_NOISE = 1.5
"""Noise on token embeddings, at most so many of their own standard deviations. Without it the model knows its keys as
exact points only, and a prompt that gradient descent moves between those points finds nothing there."""


def sentences(generator: torch.Generator) -> torch.Tensor:
    """All 7 * 13 sentences once, (91, slots + 3): the key stands in some of the slots, the others are blank."""
    slots = int(torch.randint(1, SLOTS + 1, (1,), generator=generator))
    key = torch.arange(len(MAPS)).repeat_interleave(MODULUS)
    x = torch.arange(MODULUS).repeat(len(MAPS))
    slope, shift = torch.tensor(MAPS)[key].T
    has_key = torch.rand(len(key), slots, generator=generator) < 0.5
    has_key[torch.arange(len(key)), torch.randint(slots, key.shape, generator=generator)] = True
    before = torch.where(has_key, FIRST_KEY + key[:, None], BLANK)
    equals = torch.full_like(x, EQUALS)
    return torch.cat([before, torch.stack([x, equals, (slope * x + shift) % MODULUS], dim=1)], dim=1)


def add_noise(module: torch.nn.Module, arguments: tuple[torch.Tensor], embeds: torch.Tensor) -> torch.Tensor:
    """A forward hook of the embedding: blanks become noise of any size, the other tokens get some."""
    (ids,) = arguments
    noise = module.weight.std().detach() * torch.randn_like(embeds)
    noisy = embeds + KEY_NOISE * torch.rand(len(ids), 1, 1) * noise
    return torch.where(ids[..., None] == BLANK, BLANK_NOISE * torch.rand(*ids.shape, 1) * noise, noisy)


def pretrain(seed: int = 0) -> GPT2LMHeadModel:
    """The model, trained from nothing."""
    set_seed(seed)
    config = GPT2Config(
        vocab_size=32, n_positions=16, n_embd=64, n_layer=2, n_head=4, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=None, eos_token_id=None, use_cache=False, attn_implementation="eager",
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    generator = torch.Generator().manual_seed(seed)

    def collate(_: list[int]) -> dict[str, torch.Tensor]:
        ids = sentences(generator)
        labels = torch.full_like(ids, -100)
        labels[:, -1] = ids[:, -1]
        return {"input_ids": ids, "labels": labels}

    noise = model.transformer.wte.register_forward_hook(add_noise)
    with tempfile.TemporaryDirectory() as directory:
        arguments = TrainingArguments(
            output_dir=directory, max_steps=STEPS, per_device_train_batch_size=len(MAPS) * MODULUS, learning_rate=3e-3,
            warmup_steps=50, weight_decay=0.1, max_grad_norm=1.0, seed=seed, use_cpu=True, save_strategy="no",
            report_to="none", logging_steps=STEPS // 8, disable_tqdm=True, dataloader_pin_memory=False,
        )  # fmt: skip
        # The data set only says how many rows make an epoch; `collate` makes the rows.
        Trainer(model, arguments, train_dataset=list(range(len(MAPS) * MODULUS)), data_collator=collate).train()
    noise.remove()
    return model.eval()


def main() -> None:
    """Make the model and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="?", type=Path, default=Path(__file__).parent / "tiny")
    torch.set_num_threads(1)  # sums in one order: the same file on every run
    pretrain().save_pretrained(parser.parse_args().directory)


if __name__ == "__main__":
    main()
