"""The hidden checks of `ptuning`: odd inputs, what must not change, what must not be inferred.

Most compare a student with the same student, so that a mistake elsewhere is not charged again here.
"""

import numpy as np

from exercises.ptuning.test_ptuning import ANCHOR, FLOAT64, KINDS, VOCABULARY, begins, encodes, nothing, runs, varied
from grader.checking import array, cases, check, close, distinct_sizes, exactly, sampled_from, that


def batch(inputs, V, B, T, width=16):
    """A base, a prompt and a text, as the arguments of a probe; no id is the pad's (0) or the end's (the last)."""
    return {
        "seed": inputs.seed,
        "prompt": inputs.array("prompt", V, width),
        "input_ids": inputs.integers("input_ids", B, T, low=1, high=VOCABULARY - 1),
    }


def holds_both(student, inputs):
    """Fail unless a row holds the prompt's vector and those of its text, in any order and of any length."""
    given = {"prompt": inputs.array("prompt", 1, 3), "embeds": inputs.array("embeds", 1, 3, 3)}
    seen = student.ask("inputs", part="inputs_embeds", **given)["inputs_embeds"]
    vectors = np.vstack([given["prompt"], given["embeds"][0]])
    rows = array(seen, (1, 4, 3), what="inputs_embeds")[0] + 1e-9  # zeros have no direction
    rows, vectors = (each / np.linalg.norm(each, axis=1)[:, None] for each in (rows, vectors))
    that((rows @ vectors.T).max(axis=0).min() > 1 - ANCHOR**2, expected="prompt and text", seen="others", what="a row")


def ended(tokens, eos):
    """Tokens as they are when each row ends at its first EOS and is filled with it."""
    tokens = tokens.copy()
    for row in tokens:
        ends = np.flatnonzero(row == eos)
        row[ends[0] if len(ends) else len(row) :] = eos
    return tokens


@check(
    "ptuning.1.arguments",
    points=0.5,
    title="the arguments stay as they were",
    hint="`x += ...`, `x[...] = ...` and names that end in `_` write into the caller's tensor",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=2)
def test_arguments(student, inputs, sizes):
    V, B, d = sizes
    given = {
        "prompt": inputs.array("prompt", V, d),
        "embeds": inputs.array("embeds", B, 3, d),
        "attention_mask": np.tile(np.array([[0, 1, 0]]), (B, 1)),
        "labels": inputs.integers("labels", B, 3, low=1, high=VOCABULARY),
    }
    seen = student.ask("inputs_arguments", **given)
    for name, sent in given.items():
        exactly(seen[name], sent, what=f"{name} after the call")
    holds_both(student, inputs)


@check(
    "ptuning.1.dtypes",
    points=1,
    title="the text's dtype decides, also where the prompt has another",
    hint="which of the two has to fit the model's weights: the prompt, or the text's embeddings?",
)
@cases(sizes=distinct_sizes(4, 1, 6), examples=2)
def test_dtypes(student, inputs, sizes):
    V, B, T, d = sizes
    given = {"prompt": inputs.array("prompt", V, d), "embeds": inputs.array("embeds", B, T, d)}
    wide = varied(student.ask("inputs", part="inputs_embeds", **given)["inputs_embeds"], (B, V + T, d))
    for dtype, rtol in (("float32", 1e-6), ("bfloat16", 1e-2)):  # one rounding
        seen = student.ask("inputs", part="inputs_embeds", dtype=dtype, **given)
        close(seen["inputs_embeds"], wide, rtol=rtol, dtype=dtype, what="inputs_embeds")
    holds_both(student, inputs)


@check(
    "ptuning.1.odd_masks",
    points=0.5,
    title="masks of any dtype work, and rows of a single token",
    hint="what becomes of a running sum of bools, of floats, of 8-bit integers?",
)
@cases(V=sampled_from([1, 3]), examples=2)
def test_odd_masks(student, inputs, V):
    mask = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]])
    given = {"prompt": inputs.array("prompt", V, 2), "embeds": inputs.array("embeds", 4, 4, 2), "attention_mask": mask}
    for dtype in ("uint8", "int32", "bool", "float64"):
        seen = student.ask("inputs", part="position_ids", mask_dtype=dtype, **given)
        expected = array(seen["position_ids"], (4, V + 4), "int64", what="position_ids").copy()
        expected[:, :V] = np.arange(V)
        for row, real in enumerate(mask == 1):
            expected[row, V:][real] = V + np.arange(real.sum())
        exactly(seen["position_ids"], expected, what=f"position_ids at real tokens, for a mask of {dtype},")
        seen = student.ask("inputs", part="attention_mask", mask_dtype=dtype, **given)
        whole = np.concatenate([np.ones((4, V)), mask], axis=1)
        close(seen["attention_mask"], whole, rtol=0, what=f"attention_mask for one of {dtype}")


@check(
    "ptuning.2.no_mask",
    points=1,
    title="without a mask every token is real, whatever its id",
    hint="GPT-2 has no id of its own for pads: id 0 and the end of text are words like any other",
)
@cases(sizes=distinct_sizes(2, 2, 5), examples=2)
def test_no_mask(student, oracle, inputs, sizes):
    V, B = sizes
    given = batch(inputs, V, B, 6)
    given["input_ids"][0, :2], given["input_ids"][-1, -2:] = 0, VOCABULARY - 1
    masked = student.ask("logits", attention_mask=np.ones((B, 6), dtype=np.int64), **given)
    expected = varied(masked["logits"], (B, V + 6, VOCABULARY), what="`.logits`")
    close(student.ask("logits", **given)["logits"], expected, rtol=FLOAT64, what="`.logits`")
    runs(student, oracle, inputs)


@check(
    "ptuning.2.rows",
    points=0.5,
    title="rows in another order give the same logits in that order",
    hint="nothing that belongs to one row may depend on its place in the batch",
)
@cases(sizes=distinct_sizes(2, 2, 5), examples=1)
def test_rows(student, oracle, inputs, sizes):
    V, width = sizes[0], 4 * sizes[1]
    given = batch(inputs, V, 3, 5, width)
    ids = given.pop("input_ids")
    mask = np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]])
    shape = (3, V + 5, VOCABULARY)
    first = varied(student.ask("logits", input_ids=ids, attention_mask=mask, **given)["logits"], shape, "`.logits`")
    order = [2, 0, 1]
    seen = student.ask("logits", input_ids=ids[order], attention_mask=mask[order], **given)["logits"]
    real = np.concatenate([np.ones((3, V), dtype=bool), mask[order] == 1], axis=1)
    expected = np.where(real[:, :, None], first[order], array(seen, shape, what="`.logits`"))
    close(seen, expected, rtol=FLOAT64, scale=float(np.abs(first).max()), what="`.logits` of the reordered batch")
    runs(student, oracle, inputs)


@check(
    "ptuning.2.wraps",
    points=0.5,
    title="the model wraps the caller's base, not a copy of it",
    hint="what the caller does to the base afterwards is meant for the model too",
)
@cases(sizes=distinct_sizes(3, 2, 5), examples=1)
def test_wraps(student, oracle, inputs, sizes):
    seen = student.ask("base_changed_later", **batch(inputs, *sizes))
    expected = varied(seen["wrapped_after"], what="`.logits`")
    close(seen["after"], expected, rtol=FLOAT64, what="`.logits` after the base was changed")
    before = array(seen["before"], expected.shape, what="`.logits`")
    that(not np.allclose(before, expected), expected="other logits over a changed base", seen="the same ones")
    runs(student, oracle, inputs)


@check(
    "ptuning.2.instances",
    points=0.5,
    title="two models over one base have a prompt each",
    hint="what is stored on the class or on the base is shared by all models",
)
@cases(sizes=distinct_sizes(3, 2, 5), examples=1)
def test_instances(student, oracle, inputs, sizes):
    V, B, T = sizes
    given = batch(inputs, V, B, T)
    prompts = [given.pop("prompt"), inputs.array("second", V, 16)]
    shape = (B, V + T, VOCABULARY)
    alone = [varied(student.ask("logits", prompt=prompt, **given)["logits"], shape, "`.logits`") for prompt in prompts]
    that(not np.allclose(*alone), expected="other logits with another prompt", seen="the same ones")
    seen = student.ask("two_over_one", prompts=prompts, **given)["logits"]
    for which, mine, expected in zip(("first", "second"), seen, alone, strict=True):
        close(mine, expected, rtol=FLOAT64, what=f"`.logits` of the {which} model")
    runs(student, oracle, inputs)


@check(
    "ptuning.3.refusals",
    points=0.5,
    title="an unknown kind, and an encoder of no tokens, raise ValueError",
    hint="a misspelt kind must not silently become another one",
)
def test_refusals(student, oracle, inputs):
    for kind in ("gru", "", "mlp2"):
        student.must_raise("ValueError", "encoder_parameters", V=3, d=4, h=5, kind=kind)
    for kind in KINDS:
        student.must_raise("ValueError", "encoder_parameters", V=0, d=4, h=5, kind=kind)
    encodes(student, oracle, inputs)


@check(
    "ptuning.3.baking",
    points=0.5,
    title="baking leaves the encoder as it was and can be repeated",
    hint="compare mode, weights and gradients before and after, and bake once more after a step of training",
)
@cases(sizes=distinct_sizes(3, 3, 8), train=sampled_from([True, False]), examples=2)
def test_baking(student, oracle, inputs, sizes, train):
    V, d, h = sizes
    for kind in KINDS:
        seen = student.ask("encoder_baked", seed=inputs.seed, V=V, d=d, h=h, kind=kind, train=train)
        for what in ("weights", "flags", "gradients", "modes"):
            nothing(seen["changes"][what], what=f"the list of changes to the encoder's {what}")
        later = varied(seen["forward_later"], (V, d), what="the prompt after a step of training")
        close(seen["baked_later"], later, rtol=FLOAT64, dtype="float64", what="the prompt baked after that step")
    encodes(student, oracle, inputs)


@check(
    "ptuning.4.limit",
    points=0.5,
    title="too few positions raise ValueError before the base runs",
    hint="the last new token is not fed back: how many positions do prompt, text and the other new tokens need?",
)
@cases(sizes=distinct_sizes(3, 2, 5), examples=1)
def test_limit(student, oracle, inputs, sizes):
    V, B, T = sizes
    given = batch(inputs, V, B, T) | {"attention_mask": np.ones((B, T), dtype=np.int64)}
    for new in (1, 3):
        needed = V + T + new - 1
        seen = student.ask("new_tokens", max_new_tokens=new, n_positions=needed, **given)
        array(seen["tokens"], (B, new), what="the tensor of new tokens where all positions are used")
        student.must_raise("ValueError", "new_tokens_unaffordable", max_new_tokens=new, n_positions=needed - 1, **given)
    begins(student, oracle, inputs)


@check(
    "ptuning.4.side_effects",
    points=0.5,
    title="generating leaves model, base, gradients and arguments alone",
    hint="no graph is needed; and whoever calls `eval()` has to put every module's mode back",
)
@cases(sizes=distinct_sizes(2, 2, 5), examples=1)
def test_side_effects(student, oracle, inputs, sizes):
    V, T = sizes
    mask = np.ones((2, T), dtype=np.int64)
    seen = student.ask("generating_afterwards", attention_mask=mask, max_new_tokens=3, **batch(inputs, V, 2, T))
    for what in ("weights", "modes", "gradients", "config", "arguments"):
        nothing(seen["changes"][what], what=f"the list of changes to {what}")
    exactly(seen["graph"], False, what="whether a graph was built")
    begins(student, oracle, inputs)


@check(
    "ptuning.4.eos_rules",
    points=0.5,
    title="EOS may be 0, may stand in the text, and None means none",
    hint="`if eos_token_id:` is false for 0; the text is not what is being generated",
)
@cases(V=sampled_from([2, 3, 4]), examples=2)
def test_eos_rules(student, reference, inputs, V):
    B = 6
    given = batch(inputs, V, B, 4) | {"attention_mask": np.ones((B, 4), dtype=np.int64), "max_new_tokens": 6}
    ids = given["input_ids"]
    free = array(reference.ask("new_tokens", **given)["tokens"])
    # Where there is a choice: one that ends row 0 but not all rows, and one that the text holds but no row will.
    chosen = next((token for token in free[0, :4].tolist() if not (free == token).any(axis=1).all()), int(free[0, 0]))
    in_text = next((token for token in ids.flat if token not in free), ids[0, 0]).item()

    seen = student.ask("new_tokens", config_eos=chosen, **given)["tokens"]
    exactly(seen, free, what="the tensor of new tokens without an EOS, where the base's config names one,")
    seen = student.ask("new_tokens", eos_token_id=in_text, **given)["tokens"]
    exactly(seen, ended(free, in_text), what="the tensor of new tokens where the text holds the EOS")
    # The same model with its tokens renamed, so that the chosen one is now 0.
    given["input_ids"] = (ids - chosen) % VOCABULARY
    seen = student.ask("new_tokens", eos_token_id=0, shift=-chosen, **given)["tokens"]
    exactly(seen, ended((free - chosen) % VOCABULARY, 0), what="the tensor of new tokens with 0 as EOS")


@check(
    "ptuning.4.dtypes",
    points=0.5,
    title="bfloat16 bases and masks of bools or floats generate int64 tokens",
    hint="a mask grows by one column per step: of which dtype is that column?",
)
@cases(examples=1)
def test_generate_dtypes(student, reference, inputs):
    shape = B, new = 6, 4
    given = batch(inputs, 2, B, 4) | {"attention_mask": np.ones(shape, dtype=np.int64), "max_new_tokens": new}
    plain = array(student.ask("new_tokens", **given)["tokens"], shape, "int64", what="the tensor of new tokens")
    first = array(reference.ask("new_tokens", **given)["tokens"])[:, 0]
    that((plain[:, 0] == first).all(), expected="the most likely tokens", seen="others", what="the first new column")
    for dtype in ("bool", "float32"):
        seen = student.ask("new_tokens", mask_dtype=dtype, **given)
        exactly(seen["tokens"], plain, what=f"the tensor of new tokens for a mask of {dtype}")
    seen = student.ask("new_tokens", dtype="bfloat16", **given)
    # Which token wins in bfloat16 is rounding; that there is one is not.
    tokens = array(seen["tokens"], shape, "int64", what="the tensor of new tokens of a bfloat16 base")
    that(
        tokens.min() >= 0 and tokens.max() < VOCABULARY,
        expected=f"ids from 0 to {VOCABULARY - 1}",
        seen=f"{tokens.min()} to {tokens.max()}",
        what="the range of the new tokens",
    )
