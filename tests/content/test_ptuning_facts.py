"""Facts that the checks of `ptuning` lean on, measured on the installed libraries.

If one of these fails after an upgrade, PEFT or transformers changed its mind: read the check that cites the fact first.
"""

import importlib.util
import warnings
from pathlib import Path

import peft
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

ROOT = Path(__file__).parents[2]
V = 4
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")


def load(path):
    spec = importlib.util.spec_from_file_location(f"ptuning_facts_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reference():
    return load(ROOT / "solutions/ptuning/ptuning.py")


@pytest.fixture(scope="module")
def oracle():
    return load(ROOT / "exercises/ptuning/oracle.py")


@pytest.fixture(scope="module")
def probes():
    return load(ROOT / "exercises/ptuning/probes.py")


def tiny_gpt2():
    """A GPT-2 as transformers initialises it."""
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=40, n_positions=32, n_embd=32, n_layer=2, n_head=2, bos_token_id=39, eos_token_id=39,
        attn_implementation="eager",
    )  # fmt: skip
    return GPT2LMHeadModel(config).eval()


def prompted(model):
    """The model with its prompt set to the same values each time."""
    (prompt,) = [weight for weight in model.parameters() if weight.requires_grad]
    with torch.no_grad():
        prompt.normal_(generator=torch.Generator().manual_seed(1))
    return model


def plain_peft(base):
    """PEFT as it comes, without what the oracle does about pads."""
    return prompted(peft.get_peft_model(base, peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=V)))


def some_text(*shape):
    return torch.randint(0, 40, shape, generator=torch.Generator().manual_seed(2))


def left_padding_error(model):
    """The largest difference between a row's logits alone and behind three pads."""
    text = some_text(1, 5)
    padded = torch.cat([torch.zeros(1, 3, dtype=torch.long), text], dim=1)
    mask = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1]])
    with torch.no_grad():
        alone = model(input_ids=text).logits
        behind_pads = model(input_ids=padded, attention_mask=mask).logits
    return (behind_pads[:, V + 3 :] - alone[:, V:]).abs().max().item()


def test_peft_is_wrong_with_left_pads_on_gpt2():
    """Why padded rows are compared with the rows alone: PEFT sends no positions, so pads shift what follows them."""
    assert left_padding_error(plain_peft(tiny_gpt2())) > 0.2


def test_reference_and_oracle_are_right_with_left_pads(reference, oracle):
    for implementation in (reference, oracle):
        assert left_padding_error(prompted(implementation.PtuningModel(tiny_gpt2(), V))) < 1e-6


def test_peft_ignores_positions_that_it_is_given():
    """There is no way around it from outside."""
    with pytest.warns(UserWarning, match="Position ids are not supported"):
        plain_peft(tiny_gpt2())(input_ids=some_text(1, 3), position_ids=torch.arange(3)[None])


def test_peft_is_exact_without_left_pads(reference):
    text = some_text(3, 6)
    mask = torch.tensor([[1, 1, 1, 0, 0, 0], [1] * 6, [1, 1, 1, 1, 1, 0]])
    labels = text.masked_fill(mask == 0, -100)
    mine = prompted(reference.PtuningModel(tiny_gpt2(), V))(text, mask, labels)
    theirs = plain_peft(tiny_gpt2())(input_ids=text, attention_mask=mask, labels=labels)
    real = mask == 1
    assert torch.equal(mine.logits[:, V:][real], theirs.logits[:, V:][real])
    assert torch.equal(mine.loss, theirs.loss)


def test_transformers_computes_the_loss_in_float32(reference):
    """Why losses of float64 models are compared at 1e-6."""
    text = some_text(2, 6)
    output = prompted(reference.PtuningModel(tiny_gpt2().double(), V))(text, labels=text)
    assert (output.logits.dtype, output.loss.dtype) == (torch.float64, torch.float32)


def test_transformers_says_nothing_about_a_mask_without_the_prompt(reference):
    """Why the mask is judged by its effect: one that was not extended runs, and gives other logits."""
    model = prompted(reference.PtuningModel(tiny_gpt2(), V))
    text = some_text(2, 6)
    inputs = reference.build_prompt_inputs(model.prompt, model.base_model.get_input_embeddings()(text))
    right = model.base_model(**inputs).logits
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wrong = model.base_model(**inputs | {"attention_mask": torch.ones_like(text)}).logits
    assert wrong.shape == right.shape
    assert (wrong - right).abs().max() > 0.01


@pytest.mark.parametrize("tied", [True, False])
def test_bases_of_the_probes_have_the_head_that_is_asked_for(probes, tied):
    base = probes._gpt2(seed=0, width=16, tied=tied)
    assert (base.lm_head.weight is base.transformer.wte.weight) is tied


def test_prompt_of_20_tokens_for_gpt2_is_15360_numbers(reference):
    with torch.device("meta"):
        model = reference.PtuningModel(GPT2LMHeadModel(GPT2Config()), 20)
    sizes = {flag: sum(p.numel() for p in model.parameters() if p.requires_grad is flag) for flag in (True, False)}
    assert sizes == {True: 15_360, False: 124_439_808}


@pytest.mark.parametrize(("kind", "total"), [("mlp", 229_376), ("lstm", 1_593_344)])
def test_encoders_have_the_sizes_that_the_docstring_names(reference, oracle, kind, total):
    for implementation in (reference, oracle):
        encoder = implementation.PromptEncoder(20, 768, 128, kind)
        assert sum(weight.numel() for weight in encoder.parameters()) == total


def test_peft_generates_what_recomputing_gives(oracle, probes):
    """PEFT's own `generate` agrees, without pads, with the definition that the checks use."""
    given = {
        "seed": 5,
        "prompt": torch.randn(3, 16, generator=torch.Generator().manual_seed(3), dtype=torch.float64),
        "input_ids": some_text(2, 4),
        "attention_mask": torch.ones(2, 4, dtype=torch.long),
        "max_new_tokens": 8,
    }
    with warnings.catch_warnings():
        # PEFT says at each step that it ignores the positions of transformers.
        warnings.simplefilter("ignore")
        generated, recomputed = probes.new_tokens(oracle, **given), probes.new_tokens_recomputed(oracle, **given)
    assert torch.equal(generated["tokens"], recomputed["tokens"])


def test_cache_keeps_the_cost_of_a_token(reference, probes):
    """The check of the cache lets pass what is below 1.3; without a cache it is 1.75."""
    prompt = torch.ones(2, 48, dtype=torch.float64)
    text = torch.ones(1, 1, dtype=torch.long)
    few, more, most = probes.cost_of_tokens(reference, 0, prompt, text, [1, 5, 9])["flops"]
    assert (most - more) / (more - few) == pytest.approx(1.013, abs=0.005)
