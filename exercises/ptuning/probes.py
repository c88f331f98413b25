"""What we ask of an implementation of `ptuning.py`, and what it answers. Holds no expected values.

Everything runs over tiny GPT-2s made here from a seed, in float64 unless a check says otherwise. Where an
implementation keeps its prompt is its own business: we find it by its size among the parameters and set it by value.
Whether something is frozen, cached or left alone we learn from what happens, not from a flag.
"""

from collections.abc import Mapping

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPT2Config, GPT2LMHeadModel

from grader.worker.models import made_once, unfilled

VOCABULARY = 40
END = VOCABULARY - 1
N_POSITIONS = 32


@made_once
def _unfilled(width, tied, n_positions, eos_token_id, layers):
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=n_positions,
        n_embd=width,
        n_layer=layers,
        n_head=2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=END,
        eos_token_id=eos_token_id,
        pad_token_id=0,
        tie_word_embeddings=tied,
        # The counter of FLOPs does not see the fused attention kernels of the CPU.
        attn_implementation="eager",
    )
    model = unfilled(GPT2LMHeadModel, config).double().eval()
    model.loss_type = "ForCausalLM"  # what transformers falls back to, with a warning in the student's output
    return model


def _gpt2(
    seed,
    width,
    dtype="float64",
    rounded_to="float64",
    tied=True,
    n_positions=N_POSITIONS,
    eos_token_id=END,
    layers=2,
    placed=True,
):
    """A GPT-2 without dropout, every weight drawn from the seed.

    Embeddings and positions weigh much and biases little: otherwise a token tends to be followed by the same one
    whatever came before, and a mistake need not show in what is generated. So measured, the mistakes of `generate`
    change 4 rows in 5 or more. `placed=False` takes the positions away: no mistake about them shows.
    """
    model = _unfilled(width, tied, n_positions, eos_token_id, layers=layers)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                weight.normal_(std=0.4 if ".wte." in name or ".wpe." in name else width**-0.5, generator=generator)
            else:
                weight.normal_(mean=0.0 if name.endswith("bias") else 1.0, std=0.02, generator=generator)
        if not placed:
            model.transformer.wpe.weight.zero_()
    if (rounded_to, dtype) != ("float64", "float64"):  # converting for nothing takes a seventh of the time
        model.to(getattr(torch, rounded_to)).to(getattr(torch, dtype))
    return model


def _find_prompt(model, of_base, size):
    """The prompt: the tensor of its size among the parameters that were not the base's before it was wrapped."""
    new = [weight for weight in model.parameters() if id(weight) not in of_base]
    found = [weight for weight in new if weight.numel() == size]
    # A copy of the base brings weights of its own, and some may have the prompt's size.
    found = [weight for weight in found if weight.requires_grad] or found
    if len(found) != 1:
        shapes = ", ".join(str(tuple(weight.shape)) for weight in new[:8])
        raise LookupError(
            f"`parameters()` must yield one tensor of V*d = {size} elements, the prompt;"
            f" beside the base's own it yields {f'tensors of shape {shapes}' if new else 'none'}"
        )
    return found[0]


def _wrap(impl, base, prompt):
    """The implementation's model over `base` and its prompt, which now holds the given values."""
    of_base = {id(weight) for weight in base.parameters()}
    model = impl.PtuningModel(base, num_virtual_tokens=len(prompt))
    found = _find_prompt(model, of_base, prompt.numel())
    with torch.no_grad():
        found.copy_(prompt.reshape(found.shape))
    return model, found


def _model(impl, seed, prompt, **base):
    return _wrap(impl, _gpt2(seed, prompt.shape[1], **base), prompt)


def _cast(mask, dtype):
    return None if mask is None else mask.to(getattr(torch, dtype))


def _state(module):
    """Copies of all weights and buffers, those left out of `state_dict` included."""
    named = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    return {name: tensor.detach().clone() for name, tensor in named}


def _changes(before, after):
    """The names whose values differ or stand on one side only; tensors are compared bit by bit, dtype included."""

    def same(a, b):
        if isinstance(a, torch.Tensor):
            return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
        return a == b

    both = before.keys() & after.keys()
    return sorted((before.keys() ^ after.keys()) | {name for name in both if not same(before[name], after[name])})


def _modes(module):
    return {name: part.training for name, part in module.named_modules()}


def _flags(module):
    return {name: weight.requires_grad for name, weight in module.named_parameters()}


def _hooks(module):
    """Everything that runs around a module's forward: registered hooks, and a forward replaced on the object."""
    return {
        name: [len(kept) for key, kept in sorted(vars(part).items()) if key.endswith("_hooks")]
        + ["forward" in vars(part)]
        for name, part in module.named_modules()
    }


def _gradients(module):
    return {name: weight.grad.clone() for name, weight in module.named_parameters() if weight.grad is not None}


def warm_up():
    """In the process that all workers are copies of: what libraries make at first use is made once."""
    for width in (16, 20, 36, 48):  # as checks ask for most
        for tied, eos_token_id in ((True, END), (False, END), (False, None)):
            _unfilled(width, tied, N_POSITIONS, eos_token_id, layers=2)
    base, ids = _gpt2(0, 16), torch.ones(2, 3, dtype=torch.long)
    optimizer = torch.optim.AdamW(base.parameters())
    base(inputs_embeds=base.get_input_embeddings()(ids), attention_mask=ids, labels=ids).loss.backward()
    optimizer.step()
    with torch.no_grad(), FlopCounterMode(display=False):
        cache = base(ids, attention_mask=ids, use_cache=True).past_key_values
        base(ids[:, :1], past_key_values=cache, attention_mask=torch.ones(2, 4, dtype=torch.long), use_cache=True)
    for dtype in (torch.float32, torch.float64):
        rnn = torch.nn.LSTM(4, 4, num_layers=2, bidirectional=True, batch_first=True, dtype=dtype)
        rnn(torch.zeros(1, 2, 4, dtype=dtype))[0].sum().backward()


# ptuning.1


def inputs(impl, part, prompt, embeds, attention_mask=None, labels=None, mask_dtype="int64", dtype=None):
    """`build_prompt_inputs(prompt, embeds, attention_mask, labels)`"""
    embeds = embeds if dtype is None else embeds.to(getattr(torch, dtype))
    built = impl.build_prompt_inputs(prompt, embeds, _cast(attention_mask, mask_dtype), labels)
    if not isinstance(built, Mapping):
        raise TypeError(f"build_prompt_inputs is to return a dict, not {type(built).__name__}")
    if part not in built:
        raise KeyError(f"build_prompt_inputs returned no `{part}`")
    return {part: built[part]}


def inputs_gradients(impl, prompt, embeds, cotangent):
    """`(build_prompt_inputs(prompt, embeds)["inputs_embeds"] * cotangent).sum().backward()`"""
    prompt.requires_grad_()
    embeds.requires_grad_()
    (impl.build_prompt_inputs(prompt, embeds)["inputs_embeds"] * cotangent).sum().backward()
    return {"prompt": prompt.grad, "embeds": embeds.grad}


def inputs_arguments(impl, prompt, embeds, attention_mask, labels):
    """`build_prompt_inputs(prompt, embeds, attention_mask, labels)`, then a look at the arguments"""
    impl.build_prompt_inputs(prompt, embeds, attention_mask, labels)
    return {"prompt": prompt, "embeds": embeds, "attention_mask": attention_mask, "labels": labels}


# ptuning.2


def trainable(impl, seed, width, num_virtual_tokens, tied=True, dtype="float64"):
    """`[p for p in PtuningModel(base, num_virtual_tokens).parameters() if p.requires_grad]`"""
    base = _gpt2(seed, width, tied=tied, dtype=dtype)
    of_base = {id(weight) for weight in base.parameters()}
    model = impl.PtuningModel(base, num_virtual_tokens=num_virtual_tokens)
    sizes = [weight.numel() for weight in model.parameters() if weight.requires_grad]
    return {"sizes": sizes, "start": _find_prompt(model, of_base, num_virtual_tokens * width)}


def training(impl, seed, prompt, input_ids, tied=True):
    """two steps of AdamW with weight decay over all parameters of `PtuningModel(base, V)` and of the base"""
    base = _gpt2(seed, prompt.shape[1], tied=tied)
    before = _state(base)
    model, found = _wrap(impl, base, prompt)
    everything = {id(weight): weight for weight in (*model.parameters(), *base.parameters())}
    optimizer = torch.optim.AdamW(everything.values(), lr=0.1, weight_decay=0.5)
    for _ in range(2):
        model(input_ids).logits.square().mean().backward()
        with_gradient = sorted(_gradients(base))
        optimizer.step()
        # Zeros instead of None: AdamW decays a weight whose gradient is zero.
        optimizer.zero_grad(set_to_none=False)
    # The largest move of each token: in a single element the decay and the step may cancel.
    moved = (found.detach().reshape(prompt.shape) - prompt).abs().amax(dim=1)
    return {"changed": _changes(before, _state(base)), "with_gradient": with_gradient, "moved": moved}


def logits(impl, seed, prompt, input_ids, attention_mask=None, mask_dtype="int64", **base):
    """`PtuningModel(base, V)(input_ids, attention_mask).logits`"""
    model, found = _model(impl, seed, prompt, **base)
    output = model(input_ids, _cast(attention_mask, mask_dtype))
    return {"logits": output.logits, "loss": output.loss, "prompt": found.reshape(prompt.shape)}


def output_alone(impl, seed, prompt, input_ids, attention_mask, **base):
    """`PtuningModel(base, V)(input_ids, attention_mask)`, be it an output with logits or the logits alone"""
    model, _ = _model(impl, seed, prompt, **base)
    output = model(input_ids, attention_mask)
    return {"logits": getattr(output, "logits", output)}


def loss(impl, seed, prompt, input_ids, attention_mask, labels, **base):
    """`PtuningModel(base, V)(input_ids, attention_mask, labels).loss`, then `.backward()`"""
    model, found = _model(impl, seed, prompt, **base)
    seen = model(input_ids, attention_mask, labels).loss
    if isinstance(seen, torch.Tensor):
        seen.backward()
    return {"loss": seen, "gradient": None if found.grad is None else found.grad.reshape(prompt.shape)}


def gradient(impl, seed, prompt, input_ids, cotangent, **base):
    """`(PtuningModel(base, V)(input_ids).logits * cotangent).sum().backward()`"""
    model, found = _model(impl, seed, prompt, **base)
    (model(input_ids).logits * cotangent).sum().backward()
    return {"gradient": None if found.grad is None else found.grad.reshape(prompt.shape)}


def rows_alone(impl, seed, prompt, input_ids, attention_mask, labels=None, **base):
    """`PtuningModel(base, V)` on each row by itself, without its pads"""
    model, _ = _model(impl, seed, prompt, **base)
    seen = []
    for row, real in enumerate(attention_mask.bool()):
        given = None if labels is None else labels[row : row + 1, real]
        output = model(input_ids[row : row + 1, real], labels=given)
        seen.append({"logits": output.logits[0], "loss": output.loss})
    return {"rows": seen}


def base_afterwards(impl, seed, prompt, input_ids, attention_mask):
    """`PtuningModel(base, V)(input_ids, attention_mask)` over a base partly in train mode, then a look at the base"""
    base = _gpt2(seed, prompt.shape[1])
    base.transformer.h[0].train()
    given = {"input_ids": input_ids, "attention_mask": attention_mask}
    given_before = {name: tensor.clone() for name, tensor in given.items()}
    looks = {"weights": _state, "modes": _modes, "hooks": _hooks, "config": lambda base: base.config.to_dict()}
    before = {name: look(base) for name, look in looks.items()}
    outputs = base(input_ids).logits
    model, _ = _wrap(impl, base, prompt)
    model(**given)
    changes = {name: _changes(before[name], look(base)) for name, look in looks.items()}
    changes["outputs"] = _changes({"logits": outputs}, {"logits": base(input_ids).logits})
    changes["arguments"] = _changes(given_before, given)
    return changes


def base_changed_later(impl, seed, prompt, input_ids):
    """`PtuningModel(base, V)(input_ids).logits` before and after the caller halves the base's weights"""
    base = _gpt2(seed, prompt.shape[1])
    model, _ = _wrap(impl, base, prompt)
    before = model(input_ids).logits
    with torch.no_grad():
        for weight in base.parameters():
            weight *= 0.5
    after = model(input_ids).logits
    return {"before": before, "after": after, "wrapped_after": _wrap(impl, base, prompt)[0](input_ids).logits}


def two_over_one(impl, seed, prompts, input_ids):
    """two `PtuningModel(base, V)` over the same base, each with its own prompt"""
    base = _gpt2(seed, prompts[0].shape[1])
    models = [_wrap(impl, base, prompt)[0] for prompt in prompts]
    return {"logits": [model(input_ids).logits for model in models]}


# ptuning.3


def _encoder(impl, seed, V, d, h, kind, in_order=True):
    """An encoder whose weights are drawn from the seed: in the order of `parameters()`, or the same for each shape."""
    encoder = impl.PromptEncoder(V, d, h, kind=kind).double()
    generator = torch.Generator()
    with torch.no_grad():
        for place, weight in enumerate(encoder.parameters()):
            if place == 0 or not in_order:
                generator.manual_seed(seed)
            weight.normal_(std=0.5, generator=generator)
    return encoder


def encoder_parameters(impl, V, d, h, kind):
    """`[p.shape for p in PromptEncoder(V, d, h, kind).parameters()]`"""
    weights = list(impl.PromptEncoder(V, d, h, kind=kind).parameters())
    return {
        "shapes": [list(weight.shape) for weight in weights],
        "total": sum(weight.numel() for weight in weights),
        "frozen": sum(not weight.requires_grad for weight in weights),
    }


def encoder_prompt(impl, seed, V, d, h, kind, in_order=True):
    """`PromptEncoder(V, d, h, kind)()`"""
    return {"prompt": _encoder(impl, seed, V, d, h, kind, in_order)()}


def encoder_untouched(impl, V, d, h, kind, bake):
    """`PromptEncoder(V, d, h, kind)()`, or `.bake()`, as it was made: in float32"""
    encoder = impl.PromptEncoder(V, d, h, kind=kind)
    return {"prompt": encoder.bake() if bake else encoder()}


def encoder_gradients(impl, seed, cotangent, h, kind):
    """`(PromptEncoder(V, d, h, kind)() * cotangent).sum().backward()`"""
    encoder = _encoder(impl, seed, *cotangent.shape, h, kind)
    (encoder() * cotangent).sum().backward()
    return {"gradients": [weight.grad for weight in encoder.parameters()]}


def encoder_baked(impl, seed, V, d, h, kind, train):
    """`PromptEncoder(V, d, h, kind).bake()`, then all weights of the encoder change, then `.bake()` again"""
    encoder = _encoder(impl, seed, V, d, h, kind)
    encoder().sum().backward()
    encoder.train(train)
    looks = {"weights": _state, "flags": _flags, "gradients": _gradients, "modes": _modes}
    before = {name: look(encoder) for name, look in looks.items()}
    forward = encoder().detach().clone()
    baked = encoder.bake()
    changes = {name: _changes(before[name], look(encoder)) for name, look in looks.items()}
    with torch.no_grad():
        for weight in encoder.parameters():
            weight += 0.25
    return {
        "forward": forward,
        "baked": baked,
        "needs_gradient": getattr(baked, "requires_grad", None),
        "changes": changes,
        "forward_later": encoder().detach().clone(),
        "baked_later": encoder.bake(),
    }


# ptuning.4


def new_tokens(
    impl, seed, prompt, input_ids, attention_mask, max_new_tokens, eos_token_id=None, config_eos=None, shift=0,
    mask_dtype="int64", **base,
):  # fmt: skip
    """`generate(PtuningModel(base, V), input_ids, attention_mask, max_new_tokens, eos_token_id)`"""
    gpt2 = _gpt2(seed, prompt.shape[1], tied=False, eos_token_id=config_eos, **base)
    with torch.no_grad():
        # The same model with every token renamed: token i is now called i + shift.
        for table in (gpt2.get_input_embeddings().weight, gpt2.get_output_embeddings().weight):
            table.copy_(table.roll(shift, dims=0))
    model, _ = _wrap(impl, gpt2, prompt)
    mask = _cast(attention_mask, mask_dtype)
    return {"tokens": impl.generate(model, input_ids, mask, max_new_tokens, eos_token_id)}


def new_tokens_recomputed(impl, seed, prompt, input_ids, attention_mask, max_new_tokens):
    """the most likely token after everything before it, again and again, for rows without pads and without a cache"""
    model, _ = _model(impl, seed, prompt, tied=False)
    tokens = torch.empty(len(input_ids), max_new_tokens, dtype=torch.long)
    lengths = attention_mask.sum(dim=1)
    for length in lengths.unique():
        rows = lengths == length
        text = input_ids[rows][attention_mask[rows] == 1].reshape(-1, length)
        for _ in range(max_new_tokens):
            text = torch.cat([text, model(text).logits[:, -1:].argmax(dim=-1)], dim=1)
        tokens[rows] = text[:, length:]
    return {"tokens": tokens}


def new_tokens_unaffordable(impl, seed, prompt, input_ids, attention_mask, max_new_tokens, n_positions):
    """`generate(...)` with a base that has too few positions, and that must not run"""
    gpt2 = _gpt2(seed, prompt.shape[1], tied=False, n_positions=n_positions)
    model, _ = _wrap(impl, gpt2, prompt)

    def refuse(*_):
        raise RuntimeError("the base was run before the arguments were refused")

    gpt2.transformer.register_forward_pre_hook(refuse)
    return {"tokens": impl.generate(model, input_ids, attention_mask, max_new_tokens)}


def generating_afterwards(impl, seed, prompt, input_ids, attention_mask, max_new_tokens):
    """`generate(...)` with a model partly in train mode, then a look at the model and at the arguments"""
    gpt2 = _gpt2(seed, prompt.shape[1], tied=False)
    graphs = []
    gpt2.lm_head.register_forward_hook(lambda *call: graphs.append(call[-1].requires_grad))
    model, _ = _wrap(impl, gpt2, prompt)
    model.train()
    gpt2.transformer.h[0].eval()
    given = {"input_ids": input_ids, "attention_mask": attention_mask}
    given_before = {name: tensor.clone() for name, tensor in given.items()}
    looks = {"weights": _state, "modes": _modes, "gradients": _gradients, "config": lambda _: gpt2.config.to_dict()}
    before = {name: look(model) for name, look in looks.items()}
    impl.generate(model, input_ids, attention_mask, max_new_tokens)
    changes = {name: _changes(before[name], look(model)) for name, look in looks.items()}
    changes["arguments"] = _changes(given_before, given)
    return {"changes": changes, "graph": any(graphs)}


def cost_of_tokens(impl, seed, prompt, input_ids, counts):
    """the FLOPs of `generate(...)` for each of several numbers of new tokens, counted by torch"""
    model, _ = _model(impl, seed, prompt, layers=1)
    mask = torch.ones_like(input_ids)
    flops = []
    for count in counts:
        with FlopCounterMode(display=False) as counter:
            impl.generate(model, input_ids, mask, count)
        flops.append(counter.get_total_flops())
    return {"flops": flops}
