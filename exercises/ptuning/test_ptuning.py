"""The public checks of `ptuning`: laws of prompts on generated cases, and values against PEFT.

Prompts are multiples of 1/4, exact in every dtype; only the check of dtypes uses others. V, B, T and the widths are
pairwise different where it matters. Tolerances are relative to the largest expected value.
"""

from textwrap import shorten

import numpy as np

from grader.checking import array, cases, check, close, distinct_sizes, exactly, number, sampled_from, that

VOCABULARY = 40
WIDTHS = [16, 20, 36, 48]
KINDS = ["mlp", "lstm"]

FLOAT64 = 1e-12  # legal orders of the same float64 sums differ by about 1e-15
GRADIENT = 1e-10  # the same behind two layers backwards
# transformers computes the loss of every model in float32, whose neighbours are 6e-8 apart.
LOSS = 1e-6
LOSS_GRADIENT = 1e-5


def text(inputs, B, T, name="input_ids"):
    """Ids that are neither 0, the pad's, nor the last, the end's: hidden checks are about those."""
    return inputs.integers(name, B, T, low=1, high=VOCABULARY - 1)


def padding(inputs, side, B, T, every_row=False):
    """A mask (B, T) with two pads or more per row on that side, but none in the last row unless `every_row`."""
    pads = inputs.integers("pads", B, low=2, high=T - 1)
    if not every_row:
        pads[-1] = 0
    first = {"left": pads, "right": 0 * pads, "both": pads // 2}[side][:, None]
    columns = np.arange(T)
    return ((columns >= first) & (columns < first + T - pads[:, None])).astype(np.int64)


def targets(inputs, mask):
    """Labels that are not the text; -100 at a third of it, under pads and behind pads on the left."""
    labels = text(inputs, *mask.shape, name="labels")
    labels[labels % 3 == 0] = -100
    labels[-1, 1] = 1  # one target at least: the last row has no pads
    behind_pad = np.diff(mask, axis=1, prepend=1) == 1
    labels[(mask == 0) | behind_pad] = -100
    return labels


def nothing(names, *, what):
    """Fail, and show them, unless a probe's list of names is empty."""
    that(names == [], expected="none", seen=shorten(f"{names}", 300, placeholder=" ..."), what=what)


def varied(seen, shape=None, what="the result"):
    """The numbers of a tensor; fails if all are the same, for then comparing students with themselves says nothing."""
    values = array(seen, shape, what=what)
    that(np.ptp(values) > 0, expected="different numbers", seen=f"{values.flat[0]:.6g} everywhere", what=what)
    return values


# What a probe says of flags, names, exceptions and its own inputs, a submission can say in its place that holds no
# P-tuning. Checks of such things ask for a number, too, that only the task's code computes: in its simplest case and to
# 1 %, since its precision and its other cases are the business of others.
ANCHOR = 1e-2


def runs(student, oracle, inputs):
    """Fail unless a prompt of one token has PEFT's logits behind no layer, or it or the text has them behind two.

    Most of the logits of one token will do: whoever writes into the table moves others.
    """
    given = {"seed": inputs.seed, "prompt": inputs.array("prompt", 1, 16), "placed": False}
    given["input_ids"] = inputs.integers("input_ids", 1, 1, low=1, high=VOCABULARY - 1)
    given["attention_mask"] = np.ones((1, 1), dtype=np.int64)
    shares = [0.0]
    for layers, columns in ((0, 1), (2, 2)):
        seen, expected = (array(who.ask("output_alone", layers=layers, **given)["logits"]) for who in (student, oracle))
        rows, wanted = seen.reshape(-1, seen.shape[-1])[:, :VOCABULARY], expected[0, :columns]
        shares += [(np.abs(row - each) <= ANCHOR * np.abs(each).max()).mean() for row in rows for each in wanted]
    that(max(shares) > 0.5, expected="PEFT's", seen="others", what="the logits of a token")


def encodes(student, oracle, inputs):
    """Fail unless the prompts of one kind or the other go with PEFT's: whatever else is done to them in the end."""
    alike = []
    for kind in KINDS:
        given = {"seed": inputs.seed, "V": 256, "d": 4, "h": 5, "kind": kind, "in_order": False}
        seen, expected = (array(who.ask("encoder_prompt", **given)["prompt"]) for who in (student, oracle))
        both = np.hstack([seen.reshape(256, 4), expected]) if seen.size == expected.size else np.zeros((2, 8))
        with np.errstate(invalid="ignore"):  # what is the same everywhere goes with nothing
            alike.append(np.abs(np.nan_to_num(np.corrcoef(both, rowvar=False)[:4, 4:].diagonal())).mean())
    that(max(alike) > 0.2, expected="PEFT's for one kind", seen="others for both", what="the prompts of an encoder")


def begins(student, oracle, inputs):
    """Fail unless the first new tokens of six texts are the most likely ones."""
    given = {"seed": inputs.seed, "prompt": inputs.array("prompt", 2, 16), "max_new_tokens": 1}
    given["input_ids"] = inputs.integers("input_ids", 6, 3, low=1, high=VOCABULARY - 1)
    given["attention_mask"] = np.ones((6, 3), dtype=np.int64)
    seen = array(student.ask("new_tokens", **given)["tokens"], what="the first new tokens")
    expected = array(oracle.ask("new_tokens_recomputed", **given)["tokens"])
    last = seen.reshape(len(expected), -1)[:, -1:] if seen.size else seen  # whoever returns the text, too, ends with it
    that(
        np.array_equal(last, expected),
        what="the first new tokens",
        expected=f"{expected.tolist()}",
        seen=f"{seen.tolist()}"[:200],
    )


def like_rows_alone(seen, rows, mask, V, side):
    """Fail unless logits at real tokens are those of the rows alone; what stands under pads is taken as it is."""
    B, T = mask.shape
    expected = array(seen["logits"], (B, V + T, VOCABULARY), "float64", what="`.logits`").copy()
    alone = [array(row["logits"]) for row in rows["rows"]]
    for row in range(B):
        expected[row, V:][mask[row] == 1] = alone[row][V:]
    scale = max(float(np.abs(logits).max()) for logits in alone)
    close(seen["logits"], expected, rtol=FLOAT64, scale=scale, what=f"`.logits` at real tokens (pads: {side})")


# ------------------------------------------------------------------------------------------------ ptuning.1


def texts(inputs, sizes, T=5):
    """A prompt and embedded texts of five columns, as the arguments of a probe."""
    V, B, d = sizes
    return {"prompt": inputs.array("prompt", V, d), "embeds": inputs.array("embeds", B, T, d)}


@check(
    "ptuning.1.layout",
    points=1.5,
    title="every row is the prompt, then its text, pads included",
    hint="stack B = 2 rows and V = 2 virtual tokens on paper: which vector stands in row 1, column 0?",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=4)
def test_layout(student, oracle, inputs, sizes):
    V, B, d = sizes
    given = texts(inputs, sizes)
    for side in (None, "left", "both"):
        if side is not None:
            given["attention_mask"] = padding(inputs, side, B, 5)
        seen, expected = (who.ask("inputs", part="inputs_embeds", **given) for who in (student, oracle))
        exactly(seen["inputs_embeds"], expected["inputs_embeds"], what="inputs_embeds")


@check(
    "ptuning.1.mask",
    points=1,
    title="the mask says 1 for virtual tokens and keeps the text's part",
    hint="a mask has as many columns as there are embeddings, and a virtual token is never a pad",
)
@cases(sizes=distinct_sizes(3, 2, 6), side=sampled_from(["left", "right", "both"]), examples=3)
def test_mask(student, oracle, inputs, sizes, side):
    V, B, d = sizes
    given = texts(inputs, sizes)
    seen = student.ask("inputs", part="attention_mask", **given)
    close(seen["attention_mask"], np.ones((B, V + 5)), rtol=0, what="attention_mask, when there is none,")
    given["attention_mask"] = padding(inputs, side, B, 5)
    expected = array(oracle.ask("inputs", part="attention_mask", **given)["attention_mask"])
    for dtype in ("int64", "bool", "float32"):
        seen = student.ask("inputs", part="attention_mask", mask_dtype=dtype, **given)
        close(seen["attention_mask"], expected, rtol=0, what=f"attention_mask for one of {dtype}")


@check(
    "ptuning.1.positions",
    points=1.5,
    title="real tokens count 0, 1, 2, ... wherever the pads stand",
    hint="the position of a real token is the number of real tokens before it, virtual ones included",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=3)
def test_positions(student, inputs, sizes):
    V, B, d = sizes
    given = texts(inputs, sizes)
    seen = student.ask("inputs", part="position_ids", **given)["position_ids"]
    exactly(seen, np.tile(np.arange(V + 5), (B, 1)), what="position_ids without a mask")
    for side in ("left", "right", "both"):
        mask = padding(inputs, side, B, 5)
        for dtype in ("int64", "float32"):
            seen = student.ask("inputs", part="position_ids", attention_mask=mask, mask_dtype=dtype, **given)
            positions = array(seen["position_ids"], (B, V + 5), "int64", what="position_ids")
            expected = positions.copy()
            for row in range(B):
                real = np.append(np.ones(V, dtype=bool), mask[row] == 1)
                expected[row, real] = np.arange(real.sum())
            exactly(seen["position_ids"], expected, what=f"position_ids at real tokens (pads: {side})")
            that(
                positions.min() >= 0 and positions.max() < V + 5,
                expected=f"positions from 0 to {V + 4}, under pads too: the table may end there",
                seen=f"{positions.min()} to {positions.max()}",
                what="the range of position_ids",
            )


@check(
    "ptuning.1.labels",
    points=1,
    title="no loss for the prompt, and the text's labels stay where they were",
    hint="-100 is the label that the loss ignores, and the model does the shifting",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=4)
def test_labels(student, oracle, inputs, sizes):
    V, B, d = sizes
    given = texts(inputs, sizes) | {"attention_mask": padding(inputs, "right", B, 5)}
    seen = student.ask("inputs", part="labels", **given)
    exactly(seen["labels"], None, what="labels, when there are none,")
    given["labels"] = targets(inputs, given["attention_mask"])
    seen, expected = (who.ask("inputs", part="labels", **given) for who in (student, oracle))
    exactly(seen["labels"], expected["labels"], what="labels")


@check(
    "ptuning.1.gradients",
    points=1,
    title="gradients reach the prompt, summed over the rows, and the text",
    hint="every row uses the same prompt: build the batch from it without `detach`, `.data` or `torch.tensor`",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=3)
def test_gradients(student, oracle, inputs, sizes):
    V, B, d = sizes
    given = texts(inputs, sizes) | {"cotangent": inputs.array("cotangent", B, V + 5, d)}
    seen, expected = (who.ask("inputs_gradients", **given) for who in (student, oracle))
    for name in ("prompt", "embeds"):
        close(seen[name], expected[name], rtol=FLOAT64, what=f"the gradient of {name}")


# ------------------------------------------------------------------------------------------------ ptuning.2


def batch(inputs, V, B, T, width=16):
    """What makes a base, a prompt and a text, as the arguments of a probe."""
    return {"seed": inputs.seed, "prompt": inputs.array("prompt", V, width), "input_ids": text(inputs, B, T)}


@check(
    "ptuning.2.trainable",
    points=1.5,
    title="exactly one tensor of V*d elements is trainable",
    hint="list what still requires a gradient; d is the width of the base's embeddings",
)
@cases(V=sampled_from([1, 2, 3, 5]), width=sampled_from(WIDTHS), examples=3)
def test_trainable(student, oracle, inputs, V, width):
    for tied in (True, False):
        seen = student.ask("trainable", seed=inputs.seed, width=width, num_virtual_tokens=V, tied=tied)
        that(
            seen["sizes"] == [V * width],
            expected=f"[{V * width}]",
            seen=shorten(f"{seen['sizes']}", 300, placeholder=" ..."),
            what="the list of sizes of trainable tensors",
        )
        array(seen["start"], what="the prompt before training")
    runs(student, oracle, inputs)


@check(
    "ptuning.2.frozen",
    points=1.5,
    title="AdamW with weight decay over everything moves the prompt alone",
    hint="weight decay moves every weight that has a gradient, even a zero one: the base's must have none at all",
)
@cases(sizes=distinct_sizes(3, 2, 5), width=sampled_from(WIDTHS), examples=2)
def test_frozen(student, oracle, inputs, sizes, width):
    given = batch(inputs, *sizes, width)
    for tied in (True, False):
        seen = student.ask("training", tied=tied, **given)
        nothing(seen["with_gradient"], what="the list of the base's weights that got a gradient")
        nothing(seen["changed"], what="the list of the base's weights that changed")
        moved = array(seen["moved"], (sizes[0],), what="the way that each virtual token moved")
        # Two steps at lr 0.1 with decay 0.5 move a number of at most 2 by at most 0.4, and some element by 0.1.
        that(
            moved.min() > 0.01 and moved.max() < 0.5,
            expected="moves of 0.1 to 0.4 by two steps at lr 0.1",
            seen=f"moves of {moved.tolist()}",
            what="the way that each virtual token moved",
        )
    runs(student, oracle, inputs)


@check(
    "ptuning.2.logits",
    points=2,
    title="without pads, logits are those of PEFT's prompt tuning",
    hint="for one row, call the base on `inputs_embeds` that you concatenate by hand, and compare",
)
@cases(sizes=distinct_sizes(3, 2, 5), width=sampled_from(WIDTHS), examples=3)
def test_logits(student, oracle, inputs, sizes, width):
    V, B, T = sizes
    given = batch(inputs, V, B, T, width)
    for tied, mask in ((True, None), (False, np.ones((B, T), dtype=np.int64))):
        seen = student.ask("logits", tied=tied, attention_mask=mask, **given)
        expected = oracle.ask("logits", tied=tied, **given)
        close(seen["logits"], expected["logits"], rtol=FLOAT64, what="`.logits`")
        exactly(seen["loss"], None, what="`.loss` without labels")


@check(
    "ptuning.2.left_padding",
    points=1.5,
    title="a row padded on the left has the logits that it has alone",
    hint="two things go with a token besides its vector: who may see it, and its position",
)
@cases(sizes=distinct_sizes(2, 2, 4), width=sampled_from(WIDTHS), examples=2)
def test_left_padding(student, oracle, inputs, sizes, width):
    V, B = sizes
    given = batch(inputs, V, B, 6, width)
    for every_row, dtype in ((False, "int64"), (False, "bool"), (True, "float32")):
        mask = padding(inputs, "left", B, 6, every_row)
        seen = student.ask("logits", attention_mask=mask, mask_dtype=dtype, **given)
        like_rows_alone(seen, oracle.ask("rows_alone", attention_mask=mask, **given), mask, V, "left")


@check(
    "ptuning.2.other_padding",
    points=1,
    title="pads on the right or on both sides change no logits either",
    hint="nothing may assume that pads come first: positions follow the mask wherever it has zeros",
)
@cases(sizes=distinct_sizes(2, 2, 4), width=sampled_from(WIDTHS), examples=2)
def test_other_padding(student, oracle, inputs, sizes, width):
    V, B = sizes
    given = batch(inputs, V, B, 6, width)
    for side in ("right", "both"):
        mask = padding(inputs, side, B, 6)
        seen = student.ask("logits", attention_mask=mask, **given)
        like_rows_alone(seen, oracle.ask("rows_alone", attention_mask=mask, **given), mask, V, side)


@check(
    "ptuning.2.loss",
    points=1.5,
    title="the loss and its gradient are PEFT's, with labels and pads",
    hint="only labels other than -100 count, each against the logits one column before it",
)
@cases(sizes=distinct_sizes(2, 2, 4), width=sampled_from(WIDTHS), examples=3)
def test_loss(student, oracle, inputs, sizes, width):
    V, B = sizes
    given = batch(inputs, V, B, 6, width)
    for side in (None, "right"):
        mask = np.ones((B, 6), dtype=np.int64) if side is None else padding(inputs, side, B, 6)
        more = {"attention_mask": mask, "labels": targets(inputs, mask)}
        seen, expected = (who.ask("loss", **given, **more) for who in (student, oracle))
        close(seen["loss"], expected["loss"], rtol=LOSS, dtype="any", what=f"the loss (pads: {side or 'none'})")
        what = "the gradient that the prompt gets from the loss"
        close(seen["gradient"], expected["gradient"], rtol=LOSS_GRADIENT, dtype="any", what=what)
    mask = padding(inputs, "left", B, 6)
    more = {"attention_mask": mask, "labels": targets(inputs, mask)}
    counts = (more["labels"] != -100).sum(axis=1)
    rows = oracle.ask("rows_alone", **given, **more)["rows"]
    total = sum(count * number(row["loss"]) for count, row in zip(counts, rows, strict=True) if count)
    seen = student.ask("loss", **given, **more)
    # Both sides are float32 sums, in different orders.
    close(seen["loss"], total / counts.sum(), rtol=2 * LOSS, dtype="any", what="the loss (pads: left)")


@check(
    "ptuning.2.gradient",
    points=1,
    title="every virtual token gets the gradient that PEFT gives it",
    hint="follow the prompt from parameter to logits: a mask of zeros, `no_grad` or `detach` cuts it off",
)
@cases(sizes=distinct_sizes(3, 2, 5), width=sampled_from(WIDTHS), examples=3)
def test_gradient(student, oracle, inputs, sizes, width):
    V, B, T = sizes
    given = batch(inputs, V, B, T, width) | {"cotangent": inputs.normal("cotangent", B, V + T, VOCABULARY)}
    seen, expected = (who.ask("gradient", **given)["gradient"] for who in (student, oracle))
    close(seen, expected, rtol=GRADIENT, dtype="any", what="the gradient that the prompt gets")


@check(
    "ptuning.2.dtypes",
    points=1,
    title="float64, float32 and bfloat16 bases each work in their own dtype",
    hint="the base adds and multiplies what you send it: in which dtype does it want the prompt?",
)
@cases(sizes=distinct_sizes(3, 2, 5), examples=1)
def test_dtypes(student, oracle, inputs, sizes):
    V, B, T = sizes
    # No multiples of 1/4 this time: float32 loses 6e-8 of such a prompt, bfloat16 4e-3.
    prompt = inputs.normal("prompt", V, 48)
    given = {"seed": inputs.seed, "prompt": prompt, "input_ids": text(inputs, B, T)}
    for dtype, rtol, kept in (("float64", FLOAT64, 0), ("float32", 1e-5, 1e-7), ("bfloat16", 3e-2, 4e-3)):
        # The same weights in float64, so that nothing but the arithmetic differs: by up to 6e-7 and 1.2e-2, measured.
        exact = varied(student.ask("logits", rounded_to=dtype, **given)["logits"], what="`.logits`")
        seen = student.ask("logits", dtype=dtype, **given)
        close(seen["logits"], exact, rtol=rtol, dtype=dtype, what=f"`.logits` of a {dtype} base")
        close(seen["prompt"], prompt, rtol=kept, what=f"the prompt as it is stored over a {dtype} base")
    runs(student, oracle, inputs)


@check(
    "ptuning.2.side_effects",
    points=0.5,
    title="the base and the caller's tensors stay as they were",
    hint="read the base, do not write to it: no new rows, no other mode, no hook, no setting",
)
@cases(sizes=distinct_sizes(2, 2, 4), examples=2)
def test_side_effects(student, oracle, inputs, sizes):
    V, B = sizes
    seen = student.ask("base_afterwards", attention_mask=np.ones((B, 6), dtype=np.int64), **batch(inputs, V, B, 6))
    for what in ("weights", "config", "modes", "hooks", "outputs"):
        nothing(seen[what], what=f"the list of changes to the base's {what}")
    nothing(seen["arguments"], what="the list of changes to the caller's tensors")
    runs(student, oracle, inputs)


@check(
    "ptuning.2.limits",
    points=0.5,
    title="too many columns, and a prompt of no tokens, raise ValueError",
    hint="the table of positions has `config.n_positions` rows; prompt, text and pads need one per column",
)
@cases(sizes=distinct_sizes(3, 2, 5), examples=2)
def test_limits(student, oracle, inputs, sizes):
    V, B, T = sizes
    given = batch(inputs, V, B, T)
    seen = student.ask("logits", n_positions=V + T, **given)
    varied(seen["logits"], (B, V + T, VOCABULARY), what="`.logits` where V + T = n_positions")
    student.must_raise("ValueError", "logits", n_positions=V + T - 1, **given)
    student.must_raise("ValueError", "trainable", seed=inputs.seed, width=16, num_virtual_tokens=0)
    runs(student, oracle, inputs)


# ------------------------------------------------------------------------------------------------ ptuning.3


@check(
    "ptuning.3.parameters",
    points=1,
    title="the encoder's tensors have PEFT's shapes and order",
    hint="the docstring lists the layers in their order; create them in that order",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=2)
def test_encoder_parameters(student, oracle, inputs, sizes):
    V, d, h = sizes
    for kind, total in (("mlp", 229_376), ("lstm", 1_593_344)):
        given = {"V": V, "d": d, "h": h, "kind": kind}
        seen, expected = (who.ask("encoder_parameters", **given)["shapes"] for who in (student, oracle))
        that(
            seen == expected,
            expected=f"{expected}",
            seen=shorten(f"{seen}", 600, placeholder=" ..."),
            what=f'the list of shapes of "{kind}"',
        )
        seen = student.ask("encoder_parameters", V=20, d=768, h=128, kind=kind)
        exactly(seen["total"], total, what=f'the size of "{kind}" for V = 20, d = 768, h = 128')
        exactly(seen["frozen"], 0, what="the number of tensors that cannot be trained")
    encodes(student, oracle, inputs)


@check(
    "ptuning.3.forward",
    points=1.5,
    title="with the same weights, the prompt is PEFT's",
    hint="all V vectors enter at once, in order; for the LSTM they are one sequence",
)
@cases(sizes=distinct_sizes(3, 3, 8), examples=4)
def test_encoder_forward(student, oracle, inputs, sizes):
    V, d, h = sizes
    for kind in KINDS:
        given = {"seed": inputs.seed, "V": V, "d": d, "h": h, "kind": kind}
        seen, expected = (who.ask("encoder_prompt", **given)["prompt"] for who in (student, oracle))
        close(seen, expected, rtol=FLOAT64, what=f'the prompt of kind "{kind}"')
        untouched = student.ask("encoder_untouched", V=V, d=d, h=h, kind=kind, bake=False)["prompt"]
        array(untouched, (V, d), "float32", what=f'the prompt of kind "{kind}" as it was made')


@check(
    "ptuning.3.gradients",
    points=0.5,
    title="every weight of the encoder learns",
    hint="what is baked learns nothing: in training, `forward` has to go through the network each time",
)
@cases(sizes=distinct_sizes(3, 3, 8), examples=2)
def test_encoder_gradients(student, oracle, inputs, sizes):
    V, d, h = sizes
    cotangent = inputs.array("cotangent", V, d)
    for kind in KINDS:
        given = {"seed": inputs.seed, "cotangent": cotangent, "h": h, "kind": kind}
        seen, expected = (who.ask("encoder_gradients", **given)["gradients"] for who in (student, oracle))
        that(len(seen) == len(expected), expected=f"{len(expected)}", seen=f"{len(seen)}", what="the number of tensors")
        # A layer whose units are all off has the gradient zero: the scale comes from all of them.
        scale = max(float(np.abs(array(gradient)).max()) for gradient in expected)
        for place, (mine, theirs) in enumerate(zip(seen, expected, strict=True)):
            close(mine, theirs, rtol=GRADIENT, scale=scale, what=f'the gradient of tensor {place} of "{kind}"')


@check(
    "ptuning.3.bake",
    points=1,
    title="a baked prompt is the encoder's, needs no gradient and stays",
    hint="a tensor that shares memory or a graph with the encoder is not baked",
)
@cases(sizes=distinct_sizes(3, 3, 8), examples=2)
def test_bake(student, oracle, inputs, sizes):
    V, d, h = sizes
    for kind in KINDS:
        for train in (True, False):
            seen = student.ask("encoder_baked", seed=inputs.seed, V=V, d=d, h=h, kind=kind, train=train)
            forward = varied(seen["forward"], (V, d), what="the prompt")
            close(seen["baked"], forward, rtol=FLOAT64, dtype="float64", what="the baked prompt")
            exactly(seen["needs_gradient"], False, what="`requires_grad` of the baked prompt")
        untouched = student.ask("encoder_untouched", V=V, d=d, h=h, kind=kind, bake=True)["prompt"]
        array(untouched, (V, d), "float32", what="the baked prompt of an encoder in float32")
    encodes(student, oracle, inputs)


# ------------------------------------------------------------------------------------------------ ptuning.4


@check(
    "ptuning.4.greedy",
    points=2,
    title="tokens are those of recomputing everything for each of them",
    hint="print, for one row, what each step sends to the base: tokens, positions, mask",
)
@cases(sizes=distinct_sizes(2, 2, 5), width=sampled_from(WIDTHS), new=sampled_from([7, 8, 9]), examples=3)
def test_greedy(student, oracle, inputs, sizes, width, new):
    V, T = sizes
    B = 6  # a mistake may leave the tokens of one row as they are, but not of six
    given = batch(inputs, V, B, T, width) | {"attention_mask": np.ones((B, T), dtype=np.int64), "max_new_tokens": new}
    seen, expected = student.ask("new_tokens", **given), oracle.ask("new_tokens_recomputed", **given)
    exactly(seen["tokens"], expected["tokens"], what="the tensor of new tokens")


@check(
    "ptuning.4.left_padding",
    points=1.5,
    title="a row padded on the left goes on as it does alone",
    hint="pads stay in the cache: every step has to say which columns are pads, and to count without them",
)
@cases(V=sampled_from([2, 3, 4]), width=sampled_from(WIDTHS), examples=2)
def test_generate_left_padding(student, oracle, inputs, V, width):
    B = 6
    given = batch(inputs, V, B, 6, width) | {"max_new_tokens": 7}
    for every_row in (False, True):
        mask = padding(inputs, "left", B, 6, every_row)
        seen = student.ask("new_tokens", attention_mask=mask, **given)
        expected = oracle.ask("new_tokens_recomputed", attention_mask=mask, **given)
        exactly(seen["tokens"], expected["tokens"], what="the tensor of new tokens")


@check(
    "ptuning.4.eos",
    points=1.5,
    title="each row ends at its first EOS and is filled with EOS",
    hint="keep one flag per row; the EOS itself is returned, and the shape never changes",
)
@cases(V=sampled_from([2, 3, 4]), width=sampled_from(WIDTHS), examples=2)
def test_eos(student, oracle, inputs, V, width):
    given = batch(inputs, V, 6, 4, width) | {"max_new_tokens": 7}
    given["input_ids"] = ids = given["input_ids"] % 8 + 1
    given["attention_mask"] = mask = np.ones_like(ids)
    free = array(oracle.ask("new_tokens_recomputed", **given)["tokens"])
    for at in (0, 3):
        # A token of row 0, the first from `at` on that is none of the text's eight.
        eos = next((token for token in np.roll(free[0], -at).tolist() if token > 8), int(free[0, at]))
        expected = free.copy()
        for row in expected:
            ends = np.flatnonzero(row == eos)
            row[ends[0] if len(ends) else len(row) :] = eos
        seen = student.ask("new_tokens", eos_token_id=eos, **given)
        exactly(seen["tokens"], expected, what="the tensor of new tokens")
        # That row twice: all rows end, and the shape is still the one asked for.
        twice = given | {"input_ids": ids[[0, 0]], "attention_mask": mask[[0, 0]]}
        seen = student.ask("new_tokens", eos_token_id=eos, **twice)
        exactly(seen["tokens"], expected[[0, 0]], what="the tensor of new tokens where every row ends")


@check(
    "ptuning.4.cache",
    points=1,
    title="a later token costs about as much as an earlier one",
    hint="what was seen is in `past_key_values`: ask for it with `use_cache=True` and send the new token alone",
)
@cases(examples=1)
def test_cache(student, oracle, inputs):
    few, more, most = 1, 5, 9
    seen = student.ask("cost_of_tokens", counts=[few, more, most], **batch(inputs, 2, 1, 1, 48))["flops"]
    costs = [number(flops, what="the number of FLOPs") for flops in seen]
    early, late = costs[1] - costs[0], costs[2] - costs[1]
    that(early > 0, expected=f"FLOPs for {more - few} tokens", seen=f"{early:.0f}", what="the cost of a token")
    # 1.01 to 1.03 with a cache, 1.75 where everything is recomputed; counts repeat exactly.
    that(
        late < 1.3 * early,
        expected=f"tokens {more + 1} to {most} cost about as much as tokens {few + 1} to {more}",
        seen=f"{late / early:.2f} times as much",
        what="the cost of a token",
    )
    begins(student, oracle, inputs)
