"""What probes make their models with: one that is asked for often is made once, and copied.

To build the smallest GPT-2 takes the library five times as long as it takes to copy one: layer by layer it checks
configurations and registers modules, whatever their size.
"""

import copy
import functools
from collections import OrderedDict
from collections.abc import Callable
from types import NoneType
from typing import Any, ParamSpec, TypeVar, cast

import torch
from torch import nn

P = ParamSpec("P")
M = TypeVar("M", bound=nn.Module)

KEPT = 64
"""different models of one kind in a process"""
HOOKS = (dict, OrderedDict, set)
"""In what a module keeps those; most modules have none."""
PLAIN = (NoneType, bool, int, float, str)
"""What is its own copy, as most attributes are."""
COPYING = ("__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__new__")


def made_once(make: Callable[P, M]) -> Callable[P, M]:
    """Let a function make its model only once for the same arguments, which must be hashable, and return a copy.

    Who changes a copy, its weights, configuration or hooks, changes no other. What is made follows from the arguments
    alone: from one seed, in float32 where nothing else is said, and no random number is missing afterwards, so that
    nobody can tell whether it was there already. Numbers that follow from the seed of a question belong into the copy.
    Call it in `warm_up()`, and it is there in all workers.

    A copy is what `copy.deepcopy` makes of it: not followed are closures, nor attributes of parameters.
    """

    @functools.lru_cache(KEPT, typed=True)
    def made(*arguments: Any, **named: Any) -> M:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(0)
                return make(*arguments, **named)
        finally:
            torch.set_default_dtype(before)

    @functools.wraps(make)
    def copied(*arguments: P.args, **named: P.kwargs) -> M:
        return cast(M, _copied(cast(Any, made)(*arguments, **named), {}))

    return copied


def unfilled(kind: Callable[[Any], M], config: object) -> M:
    """A model of transformers whose weights hold no numbers yet: the library would need half of the time to draw them.

    It says of itself that it is initialised, so that a submission that calls `init_weights()` draws none of them anew.
    """
    from transformers.initialization import no_init_weights

    with no_init_weights():
        model = kind(config)
    cast(Any, model).tie_weights()  # which a model without initialisation has left out
    for module in model.modules():
        cast(Any, module)._is_hf_initialized = True
    return model


def _copied(module: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """What `copy.deepcopy` makes of a module, in a quarter of the time: for that the empty hooks are the most work."""
    kind: Any = type(module)
    if id(module) in memo or _has_a_way_of_its_own(kind):
        return copy.deepcopy(module, memo)
    twin: nn.Module = kind.__new__(kind)
    memo[id(module)] = twin
    copied = vars(twin)
    for name, value in vars(module).items():
        if type(value) in PLAIN:
            copied[name] = value
        elif name == "_modules":
            copied[name] = {key: None if part is None else _copied(part, memo) for key, part in value.items()}
        elif type(value) in HOOKS and not value:
            copied[name] = memo.setdefault(id(value), type(value)())
        else:
            copied[name] = copy.deepcopy(value, memo)
    return twin


@functools.cache
def _has_a_way_of_its_own(kind: Any) -> bool:
    """Whether a class says how it is copied, as recurrent layers do."""
    return any(getattr(kind, name, None) is not getattr(nn.Module, name, None) for name in COPYING)
