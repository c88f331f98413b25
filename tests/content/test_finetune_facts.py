"""What the exercise `finetune` says about `Trainer`, and what its tiny model knows, measured on the libraries in use.

`Trainer` runs on the CPU, in float32, offline, on models of a few thousand parameters. Its callback sees what lies in
`.grad` when the optimiser is about to step.
"""

import importlib.util
import inspect
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)
from transformers.loss.loss_utils import ForCausalLMLoss

REPOSITORY = Path(__file__).parents[2]
EXERCISE = REPOSITORY / "exercises" / "finetune"
WORDS, ROWS_PER_BATCH, ACCUMULATION = 17, 2, 3


def load(path: Path) -> ModuleType:
    """The module in a file that is on no import path."""
    spec = importlib.util.spec_from_file_location(f"facts_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def finetune() -> ModuleType:
    return load(REPOSITORY / "solutions" / "finetune" / "finetune.py")


def gpt2() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=WORDS, n_positions=16, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=None, eos_token_id=None, use_cache=False,
    )  # fmt: skip
    return GPT2LMHeadModel(config)


def bert() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=WORDS, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=16, num_labels=3, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def sentences(lengths: list[int], tokens: int = 12) -> list[dict[str, torch.Tensor]]:
    """Rows for a causal language model, padded on the right."""
    generator = torch.Generator().manual_seed(1)
    rows = []
    for length in lengths:
        ids = torch.randint(WORDS, (tokens,), generator=generator)
        mask = (torch.arange(tokens) < length).long()
        rows.append({"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)})
    return rows


def labelled(count: int) -> list[dict[str, torch.Tensor]]:
    """Rows for a classifier."""
    return [row | {"labels": torch.tensor(index % 3)} for index, row in enumerate(sentences([12] * count))]


def batched(rows: list[dict[str, torch.Tensor]]) -> list[dict[str, torch.Tensor]]:
    starts = range(0, len(rows), ROWS_PER_BATCH)
    groups = [rows[start : start + ROWS_PER_BATCH] for start in starts]
    return [{name: torch.stack([row[name] for row in group]) for name in group[0]} for group in groups]


class GradientLog(TrainerCallback):
    """Keeps the gradients of the first parameter that lie there before each step."""

    def __init__(self) -> None:
        self.gradients: list[torch.Tensor] = []

    def on_pre_optimizer_step(self, _args, _state, _control, *, model, **_) -> None:
        self.gradients.append(next(model.parameters()).grad.clone())


def run_trainer(model: torch.nn.Module, rows: list, **arguments: object) -> list[torch.Tensor]:
    log = GradientLog()
    with tempfile.TemporaryDirectory() as directory:
        settings = {
            "output_dir": directory, "per_device_train_batch_size": ROWS_PER_BATCH, "use_cpu": True,
            "gradient_accumulation_steps": ACCUMULATION, "train_sampling_strategy": "sequential", "disable_tqdm": True,
            "save_strategy": "no", "report_to": "none", "logging_strategy": "no", "optim": "adamw_torch",
            "dataloader_pin_memory": False,
        }  # fmt: skip
        trainer = Trainer(model, TrainingArguments(**settings | arguments), train_dataset=rows, callbacks=[log])
        trainer.train()
    return log.gradients


def our_gradients(finetune: ModuleType, model: torch.nn.Module, rows: list, **arguments: object) -> list[torch.Tensor]:
    """The gradients of the first parameter at every step of our reference, which does not move."""
    seen: list[torch.Tensor] = []

    class Looking(torch.optim.SGD):
        def step(self, _closure=None):
            seen.append(next(model.parameters()).grad.clone())

    finetune.train(
        model, batched(rows), make_optimizer=lambda groups: Looking(groups, lr=0.0), schedule=lambda _step, _total: 1.0,
        accumulation=ACCUMULATION, max_grad_norm=None, **arguments,
    )  # fmt: skip
    return seen


class TrainersLoss:
    """The loss of a batch as `Trainer` divides it: by all labels of its group that are not -100, unshifted.

    The count is 1 for the first batch of a group and 0 for the others, so that our loop divides by 1.
    """

    def __init__(self, batches: list, epochs: int) -> None:
        groups = [batches[start : start + ACCUMULATION] for start in range(0, len(batches), ACCUMULATION)]
        plan = []
        for group in groups:
            items = sum((batch["labels"] != -100).sum() for batch in group)
            plan += [(items, int(batch is group[0])) for batch in group]
        self._plan = iter(plan * epochs)

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, int]:
        items, count = next(self._plan)
        return ForCausalLMLoss(logits, labels, WORDS, num_items_in_batch=items), count


def test_reference_is_trainer_to_the_last_bit_with_its_divisor(finetune: ModuleType):
    """AdamW, weight decay, warm-up, clipping, ragged rows, a short last batch and a short last group."""
    rows = sentences([12, 5, 9, 12, 3, 7, 12, 4, 10, 6, 8, 12, 11])
    theirs, ours = gpt2(), gpt2()
    run_trainer(
        theirs, rows, num_train_epochs=2, learning_rate=3e-3, weight_decay=0.1, warmup_steps=2, max_grad_norm=0.5,
        lr_scheduler_type="linear",
    )  # fmt: skip
    batches = batched(rows)
    losses = finetune.train(
        ours, batches, make_optimizer=lambda groups: torch.optim.AdamW(groups, lr=3e-3, betas=(0.9, 0.999), eps=1e-8),
        schedule=lambda step, total: finetune.lr_factor(step, 2, total), epochs=2, accumulation=ACCUMULATION,
        max_grad_norm=0.5, weight_decay=0.1, loss=TrainersLoss(batches, epochs=2),
    )  # fmt: skip
    assert len(losses) == 6
    start = dict(gpt2().named_parameters())
    for (name, their), our in zip(theirs.named_parameters(), ours.parameters(), strict=True):
        assert torch.equal(their, our), name
        assert not torch.equal(their, start[name]), name


def test_trainer_divides_gpt2_by_unshifted_labels(finetune: ModuleType):
    """12 tokens have 11 targets, and Trainer divides by 12: GPT2LMHeadModel has no loss type that it recognises."""
    rows = sentences([12] * 6)
    (their,) = run_trainer(gpt2(), rows, num_train_epochs=1, max_grad_norm=0.0)
    (our,) = our_gradients(finetune, gpt2(), rows)
    assert torch.allclose(their, our * 11 / 12, rtol=1e-4, atol=1e-8)


def test_trainer_adds_up_the_means_of_a_classifier(finetune: ModuleType):
    """BERT's loss takes a divisor and ignores it: with 3 batches in a group the gradient is 3 times the mean's."""

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, int]:
        return torch.nn.functional.cross_entropy(logits, labels, reduction="sum"), len(labels)

    rows = labelled(6)
    (their,) = run_trainer(bert(), rows, num_train_epochs=1, max_grad_norm=0.0)
    (our,) = our_gradients(finetune, bert(), rows, loss=loss)
    assert torch.allclose(their, our * 3, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("make", [gpt2, bert])
def test_oracle_groups_as_trainer_does(make):
    model = make()
    oracle = load(EXERCISE / "oracle.py")
    decayed = set(Trainer.get_decay_parameter_names(None, model))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for group in oracle.param_groups(model, 0.1):
        for parameter in group["params"]:
            assert (names[id(parameter)] in decayed) == (group["weight_decay"] == 0.1)


def test_lessons_arguments_need_care():
    """What changed since the lesson was written: the README of the exercise says so."""
    arguments = inspect.signature(TrainingArguments).parameters
    assert "logging_dir" not in arguments
    assert "eval_strategy" in arguments
    assert "evaluation_strategy" not in arguments
    with tempfile.TemporaryDirectory() as directory:
        defaults = TrainingArguments(output_dir=directory, warmup_steps=500, use_cpu=True)
        share = TrainingArguments(output_dir=directory, warmup_steps=0.1, use_cpu=True)
    assert share.get_warmup_steps(60) == 6
    assert defaults.eval_strategy == "no"
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = get_linear_schedule_with_warmup(optimizer, defaults.warmup_steps, 100)
    # A run of 100 updates ends at a fifth of the learning rate it was given.
    assert scheduler.lr_lambdas[0](100) == 0.2


def test_pretraining_is_seeded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """All steps take half a minute and hang on the last bit of a machine: eight show that nothing is random."""
    pretrain = load(EXERCISE / "pretrain.py")
    monkeypatch.setattr(pretrain, "STEPS", 8)
    for name in ("first", "second"):
        pretrain.pretrain().save_pretrained(tmp_path / name)
    first, second = (tmp_path / name / "model.safetensors" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    shipped = EXERCISE / "tiny"
    assert first.stat().st_size == (shipped / "model.safetensors").stat().st_size
    assert (tmp_path / "first" / "config.json").read_text() == (shipped / "config.json").read_text()


def test_tiny_model_is_small_and_knows_its_maps():
    path = EXERCISE / "tiny"
    assert (path / "model.safetensors").stat().st_size < 500_000
    checks = load(EXERCISE / "test_finetune.py")
    pretrain = load(EXERCISE / "pretrain.py")
    assert (checks.MAPS, checks.FIRST_KEY, checks.EQUALS) == (pretrain.MAPS, pretrain.FIRST_KEY, pretrain.EQUALS)
    model = GPT2LMHeadModel.from_pretrained(path, local_files_only=True)
    with torch.no_grad():
        answers = model(input_ids=torch.from_numpy(checks.KNOWN)).logits[:, -2].argmax(-1)
    assert (answers.numpy() == checks.KNOWN[:, -1]).all()
    assert np.unique(checks.KNOWN[:, 0]).size == len(pretrain.MAPS)


@pytest.mark.parametrize("method", ["full", "lora", "prompt"])
def test_readme_tells_what_is_forgotten(finetune: ModuleType, method: str, monkeypatch: pytest.MonkeyPatch):
    """The second of the tables that `measure.py` prints; the first takes as long as all tests of this file."""
    monkeypatch.syspath_prepend(EXERCISE)  # which it does itself, for good
    measure = load(EXERCISE / "measure.py")
    rows = [line.strip("| ").split(" | ") for line in (EXERCISE / "README.md").read_text("utf-8").splitlines()]
    (told,) = [row[1:] for row in rows if row[0] == measure.NAMES[method] and len(row) == 4]
    found = measure.forgetting(finetune, method)
    assert len(found) == (2 if method == "full" else 3)
    # Another machine rounds otherwise, and training makes more of it.
    assert list(found.values()) == pytest.approx([float(number) for number in told if number != "no way back"], abs=0.2)
