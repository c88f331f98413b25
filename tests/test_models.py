"""Models that probes make once and copy: a copy is like a new one, and what becomes of it is no other's business."""

import copy

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

from grader.worker.models import made_once, unfilled

SMALL = {"vocab_size": 11, "n_positions": 8, "n_embd": 8, "n_layer": 2, "n_head": 2}
IDS = torch.tensor([[1, 2, 3]])


class Odd(nn.Module):
    """What modules may hold: one twice, one missing, a layer with a way of its own, hooks, and plain attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.twice = self.again = nn.Linear(4, 4)
        self.missing = None
        self.register_module("absent", None)
        self.recurrent = nn.LSTM(4, 4, batch_first=True)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.register_buffer("scale", torch.full((4,), 2.0), persistent=False)
        self.settings = {"inner": [self.twice], "sizes": [1, 2]}
        self.notes = self.twice.notes = {}
        self.twice.register_forward_hook(_doubled)
        self.embedding.weight.requires_grad_(False)

    def forward(self, ids):
        x = self.again(self.recurrent(self.embedding(ids))[0]) * self.scale
        return self.attention(x, x, x)[0]


def _doubled(_module, _given, output):
    return 2 * output


def gpt2():
    return GPT2LMHeadModel(GPT2Config(**SMALL)).eval()


def bert():
    config = BertConfig(
        vocab_size=11, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, num_labels=3
    )
    return BertForSequenceClassification(config).eval()


KINDS = [gpt2, bert, Odd]


def answer(model):
    found = model(IDS)
    return getattr(found, "logits", found)


def tensors_of(model):
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    return dict(named)


@pytest.mark.parametrize("kind", KINDS)
def test_copy_is_like_the_one_that_was_made(kind):
    made = []
    make = made_once(lambda: made.append(kind()) or made[-1])
    first, second = make(), make()
    (original,) = made
    for one in (first, second):
        assert [(name, type(part)) for name, part in one.named_modules(remove_duplicate=False)] == [
            (name, type(part)) for name, part in original.named_modules(remove_duplicate=False)
        ]
        assert {name: (value.tolist(), value.requires_grad) for name, value in tensors_of(one).items()} == {
            name: (value.tolist(), value.requires_grad) for name, value in tensors_of(original).items()
        }
        assert set(one.state_dict()) == set(original.state_dict())
        assert one.training == original.training
        assert torch.equal(answer(one), answer(original))
    reached = [{id(value) for value in tensors_of(one).values()} for one in (original, first, second)]
    assert not reached[0] & reached[1] | reached[1] & reached[2]
    places = [{value.untyped_storage().data_ptr() for value in tensors_of(one).values()} for one in (first, second)]
    assert not places[0] & places[1]


def test_what_one_module_holds_twice_its_copy_does_too():
    model = made_once(Odd)()
    assert model.twice is model.again is model.settings["inner"][0]
    assert model.notes is model.twice.notes
    tied = made_once(gpt2)()
    assert tied.lm_head.weight is tied.transformer.wte.weight
    assert tied.transformer.config is tied.config
    assert tied.transformer.h[0].attn.config is tied.config


def test_a_class_that_says_how_it_is_copied_is_heard():
    class Shared(nn.Linear):
        def __deepcopy__(self, memo):
            return self

    whole = nn.Sequential(nn.Linear(2, 2), Shared(2, 2))
    copied = made_once(lambda: whole)()
    assert copied[0] is not whole[0]
    assert copied[1] is whole[1]


def spoil(model):
    with torch.no_grad():
        for value in tensors_of(model).values():
            value.zero_()
    for parameter in model.parameters():
        parameter.requires_grad_(not parameter.requires_grad)
        parameter.grad = torch.ones_like(parameter)
    for module in model.modules():
        module.register_forward_hook(lambda *_: 1 / 0)
        module._forward_pre_hooks[0] = module
        module.spoilt = True
    model.train(not model.training)
    if isinstance(model, Odd):
        model.settings["sizes"].append(3)
        model.twice = nn.Linear(4, 9)
    else:
        model.config.vocab_size = 0


@pytest.mark.parametrize("kind", KINDS)
def test_who_changes_a_copy_changes_no_other(kind):
    make = made_once(kind)
    before, spoilt = make(), make()
    spoil(spoilt)
    after = make()
    assert torch.equal(answer(after), answer(before))
    assert after.training == before.training
    assert not any(hasattr(module, "spoilt") for module in after.modules())
    assert all(parameter.grad is None for parameter in after.parameters())
    if isinstance(after, Odd):
        assert after.settings["sizes"] == [1, 2]
    else:
        assert after.config.vocab_size == 11


def test_one_is_made_for_each_choice_of_arguments():
    made = []

    @made_once
    def linear(width, bias=True):
        """a layer"""
        made.append((width, bias))
        return nn.Linear(width, width, bias)

    widths = [linear(width, bias=bias).in_features for width in (2, 3, 2) for bias in (True, False, True)]
    assert widths == [2, 2, 2, 3, 3, 3, 2, 2, 2]
    assert made == [(2, True), (2, False), (3, True), (3, False)]
    assert (linear.__name__, linear.__doc__) == ("linear", "a layer")


def test_nobody_can_tell_whether_one_was_made_before():
    make = made_once(lambda: nn.Linear(2, 2))
    drawn = []
    for _ in range(2):
        torch.manual_seed(0)
        make()
        drawn.append(torch.rand(3).tolist())
    torch.manual_seed(0)
    assert drawn == [torch.rand(3).tolist()] * 2


def test_what_is_made_follows_from_the_arguments_alone():
    def layer():
        return nn.Linear(2, 2)

    first, made = [], made_once(layer)
    for seed, dtype in ((1, torch.float64), (7, torch.float32)):
        torch.manual_seed(seed)
        torch.set_default_dtype(dtype)
        try:
            first.append(made_once(layer)().weight)
            assert torch.get_default_dtype() is dtype
        finally:
            torch.set_default_dtype(torch.float32)
    assert torch.equal(*first)
    assert torch.equal(made().weight, first[0])


def test_arguments_that_equal_each_other_are_told_apart():
    dropout = made_once(lambda kind, p: nn.Dropout(p))  # noqa: ARG005
    assert [type(dropout("any", p).p) for p in (0, 0.0, False)] == [int, float, bool]


@pytest.mark.parametrize("tied", [True, False])
def test_unfilled_models_are_not_initialised_again(tied):
    model = unfilled(GPT2LMHeadModel, GPT2Config(**SMALL, tie_word_embeddings=tied))
    assert (model.lm_head.weight is model.transformer.wte.weight) == tied
    for one in (model, copy.deepcopy(model), made_once(lambda: model)()):
        with torch.no_grad():
            for parameter in one.parameters():
                parameter.fill_(0.5)
        one.init_weights()
        assert {value for parameter in one.parameters() for value in parameter.flatten().tolist()} == {0.5}
