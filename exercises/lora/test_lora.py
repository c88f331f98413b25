"""The public checks of `lora`: laws of low-rank adaptation on generated cases, and values against PEFT.

Arrays hold multiples of 1/4, so that sums of a few products are exact in float64 whatever their order. Tolerances
are relative to the largest expected value: nine legal ways to write the formula differ by 1.3e-15 of it in float64,
4.8e-7 in float32 and 6.9e-3 in bfloat16. r, in and out are pairwise different, unless a check is about square layers.
"""

import numpy as np

from grader.checking import array, booleans, cases, check, close, distinct_sizes, exactly, number, sampled_from, that

# alpha == r would hide the scale; alpha / r is never a short binary fraction, which float32 would hold exactly
ALPHAS = [0.3, 2.7, 7.1, 15.9]
LEADING = [[], [3], [2, 3], [2, 1, 3]]
RTOL = {"float64": 1e-12, "float32": 1e-5, "bfloat16": 3e-2}  # legal formulas differ by 1.3e-15, 4.8e-7, 6.9e-3

GPT2_WIDTHS = {
    f"transformer.h.{block}.{name}": widths
    for block in range(2)
    for name, widths in {"attn.c_attn": (8, 24), "attn.c_proj": (8, 8), "mlp.c_proj": (32, 8)}.items()
}
LINEAR_PATHS = ["layers.0.square", "layers.1.square", "layers.0.out", "layers.1.out", "head"]
GPT2 = {"kind": "gpt2", "targets": ["c_attn", "c_proj"], "paths": list(GPT2_WIDTHS), "r": 3}
LINEAR = {"kind": "linear", "targets": ["square", "out", "head"], "paths": LINEAR_PATHS, "r": 3}


def low_rank(sizes):
    """(r, in, out) with the smallest of three sizes as the rank."""
    r = min(sizes)
    d_in, d_out = (size for size in sizes if size != r)
    return r, d_in, d_out


def layer(inputs, d_in, d_out, bias=True):
    return {"weight": inputs.array("weight", d_out, d_in), "bias": inputs.array("bias", d_out) if bias else None}


def factors(inputs, r, d_in, d_out):
    return {"A": inputs.array("A", r, d_in), "B": inputs.array("B", d_out, r)}


def delta_size(given):
    """The largest sum of absolute terms in the update: what rounding is relative to, also where the terms cancel."""
    return float(abs(given["alpha"]) * (np.abs(given["B"]) @ np.abs(given["A"])).max())


def output_size(given):
    """The same for the output of a layer, with 2 for the bias."""
    x = np.abs(given["x"])
    update = abs(given["alpha"]) * x @ np.abs(given["A"]).T @ np.abs(given["B"]).T
    return float((x @ np.abs(given["weight"]).T + update).max()) + 2.0


def mergeable(inputs, r, d_in, d_out, ratio=1.737):
    """Arguments of a layer whose update is `ratio` times as large as its weight.

    A larger one drowns the weight, whose digits legal in-place code then loses to rounding. The first row of B A is
    positive, so the update is not zero.
    """
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out)
    given["A"][...] = np.abs(given["A"]) / 16  # in place: a failing case shows these numbers
    given["B"][0] = np.abs(given["B"][0])
    largest = np.abs(given["B"] @ given["A"]).max()
    alpha = ratio * np.abs(given["weight"]).max() * r / largest
    return given | {"alpha": round(float(alpha), 3), "x": inputs.array("x", 3, d_in)}


def is_multiple(seen, direction, *, what, of, rtol=1e-9):
    """Fail unless a vetted array is a multiple of `direction`, and not zero.

    A law that compares students with themselves needs this anchor; the factor is the business of another check.
    """
    size = (direction * direction).sum()
    factor = (seen * direction).sum() / size if size else 0.0
    off = np.abs(seen - factor * direction).max()
    that(
        off <= rtol * (np.abs(seen).max() + 1e-3 * (np.abs(direction).max() or 1.0)) and (factor or not size),
        what=what,
        expected=f"a multiple of {of}, not zero",
        seen=f"{seen.round(4).tolist()}",
    )


# What a probe says of flags, names, exceptions and its own inputs, a submission can say in its place that holds no
# LoRA. Checks of such things ask for a number, too, that only the task's code computes. It is wanted up to a factor and
# to 1 %, in float32 or beside a model that PEFT adapts, since its precision and its scale are the business of others.
ANCHOR = 1e-2


def adds_update(student, inputs):
    """Fail unless a layer adds a multiple of B A x, whatever it makes of base(x)."""
    given = layer(inputs, 5, 4) | factors(inputs, 3, 5, 4) | {"x": inputs.array("x", 2, 1, 5), "alpha": 7.1}
    outputs = (student.ask("typed", **given | {"B": B}, dtype="float32")["y"] for B in (given["B"], -given["B"]))
    plus, minus = (array(y, (2, 1, 4), what="the output of a layer") for y in outputs)
    direction = given["x"] @ given["A"].T @ given["B"].T
    is_multiple(plus - minus, direction, what="what a layer adds to base(x)", of="B A x", rtol=ANCHOR)


# The last layer alone: what an adapter does to it, it does to the output, up to a factor.
LAST = {"kind": "pair", "targets": ["last"], "paths": ["body.last"], "r": 3}


def two_sizes(oracle, inputs):
    """The arguments of a probe for a smaller and a larger adapter, and how far apart PEFT's logits are with them."""
    given = LAST | {"seed": inputs.seed, "ids": inputs.integers("ids", 2, 5, low=0, high=19)}
    given |= {"alpha": 3, "dtype": "float32"}  # alpha is r, which no one can confuse
    pair = [given | {"size": size} for size in (0.5, 1.0)]
    small, large = (array(oracle.ask("adapted", **asked)["logits"]) for asked in pair)
    return pair, large - small


def move_like_peft(small, large, direction):
    """Fail unless the logits with two adapters differ by a multiple of what PEFT's differ by."""
    small, large = (array(seen["logits"], direction.shape, what="the adapted output") for seen in (small, large))
    is_multiple(large - small, direction, what="what an adapter does to the output", of="PEFT's", rtol=ANCHOR)


def adapts(student, oracle, inputs):
    """Fail unless an adapter of the last layer moves the logits as PEFT's does."""
    pair, direction = two_sizes(oracle, inputs)
    move_like_peft(*(student.ask("adapted", **asked) for asked in pair), direction)


def shuffled(inputs, cases):
    """The cases in an order that depends on the seed."""
    return [cases[place] for place in np.argsort(inputs.normal("order", len(cases)))]


# ---------------------------------------------------------------------------------------------- lora.1


@check(
    "lora.1.formula",
    points=1,
    title="the update is alpha / r times B A",
    hint="write the product for r = 1 on paper: how often does alpha appear, and what divides it?",
)
@cases(sizes=distinct_sizes(3, 1, 6), alpha=sampled_from(ALPHAS), examples=25)
def test_formula(student, oracle, inputs, sizes, alpha):
    given = factors(inputs, *low_rank(sizes)) | {"alpha": alpha}
    seen = student.ask("delta", **given)
    expected = oracle.ask("delta", **given)["delta"]
    close(seen["delta"], expected, rtol=1e-12, scale=delta_size(given), what="the update")  # floor: 1.3e-15


@check(
    "lora.1.rank_law",
    points=0.5,
    title="using every direction twice, at twice the rank, changes nothing",
    hint="the rank is the length that A and B share; it may be larger than the other two, and it only divides alpha.",
)
@cases(sizes=distinct_sizes(3, 1, 6), alpha=sampled_from(ALPHAS), examples=15)
def test_rank_law(student, inputs, sizes, alpha):
    r, d_in, d_out = sizes
    A, B = inputs.array("A", r, d_in), inputs.array("B", d_out, r)
    once = array(student.ask("delta", A=A, B=B, alpha=alpha)["delta"], (d_out, d_in), "float64", what="the update")
    is_multiple(once, B @ A, what="the update", of="B A")
    twice = student.ask("delta", A=np.vstack([A, A]), B=np.hstack([B, B]), alpha=alpha)
    # The smallest entry of A and B is 1/4: the scale keeps a product that cancels to zero comparable.
    close(twice["delta"], once, rtol=1e-12, scale=alpha, dtype="float64", what="the update at twice the rank")


@check(
    "lora.1.rslora",
    points=0.5,
    title="with rslora the divisor is the square root of r",
    hint="rslora changes one thing only: what divides alpha.",
)
@cases(sizes=distinct_sizes(3, 2, 6), alpha=sampled_from(ALPHAS), examples=15)
def test_rslora_delta(student, oracle, inputs, sizes, alpha):
    given = factors(inputs, *low_rank(sizes)) | {"alpha": alpha, "rslora": True}
    seen, expected = student.ask("delta", **given)["delta"], oracle.ask("delta", **given)["delta"]
    close(seen, expected, rtol=1e-12, scale=delta_size(given), what="the update")


@check(
    "lora.1.gradient",
    points=0.5,
    title="the update stays in the autograd graph of A and B",
    hint="stay with torch operations on A and B themselves: `.detach()`, `.data`, `no_grad` and numpy cut the graph.",
)
@cases(sizes=distinct_sizes(3, 2, 6), alpha=sampled_from(ALPHAS), examples=8)
def test_delta_gradient(student, oracle, inputs, sizes, alpha):
    r, d_in, d_out = low_rank(sizes)
    given = factors(inputs, r, d_in, d_out) | {"alpha": alpha, "weights": inputs.array("weights", d_out, d_in)}
    seen, expected = student.ask("delta_gradients", **given), oracle.ask("delta_gradients", **given)
    for name in ("A", "B"):
        # 1e-10: one more sum than in the formula, whose terms may cancel; each is at most 4 alpha
        close(seen[name], expected[name], rtol=1e-10, scale=4 * alpha, what=f"the gradient of {name}")


@check(
    "lora.1.dtype",
    points=0.5,
    title="the update has the dtype of A and B, which stay unchanged",
    hint="a Python number times a tensor keeps the tensor's dtype; operations that end in _ change it in place.",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=3)
def test_delta_dtype(student, oracle, inputs, sizes):
    given = factors(inputs, *low_rank(sizes)) | {"alpha": 0.7}
    for dtype, rtol in RTOL.items():
        seen, expected = (who.ask("delta", **given, dtype=dtype) for who in (student, oracle))
        close(seen["delta"], expected["delta"], rtol=rtol, scale=delta_size(given), what=f"the update in {dtype}")
        exactly(seen["changed"], [], what=f"the list of arguments that changed, in {dtype},")


# ---------------------------------------------------------------------------------------------- lora.2


@check(
    "lora.2.starts_as_base",
    points=1,
    title="a new layer gives exactly the output of its base",
    hint="one factor is zero at first, so the update adds zero, with dropout too; the base keeps its bias.",
)
@cases(sizes=distinct_sizes(3, 1, 6), lead=sampled_from(LEADING), examples=4)
def test_starts_as_base(student, inputs, sizes, lead):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | {"x": inputs.array("x", *lead, d_in)}
    without_bias = given["x"] @ given["weight"].T  # exact, in any order of summation
    for dropout in (0.0, 0.5):
        for bias in (given["bias"], None):
            seen = student.ask("fresh", **given | {"bias": bias}, r=r, alpha=7, dropout=dropout)
            expected = without_bias if bias is None else without_bias + bias
            kind = f"{'with' if bias is not None else 'without'} bias, dropout {dropout}"
            exactly(seen["train"], expected, what=f"the output in train mode, {kind},")
            exactly(seen["eval"], expected, what=f"the output in eval mode, {kind},")
    adds_update(student, inputs)


@check(
    "lora.2.formula",
    points=2,
    title="the output is base(x) + alpha / r times B A x",
    hint="set A and B to ones by hand: with in = 2 and r = 2, what should x = [1, 1] add to the base's output?",
)
@cases(
    sizes=distinct_sizes(3, 1, 6), lead=sampled_from(LEADING), bias=booleans(), alpha=sampled_from(ALPHAS), examples=20
)
def test_layer_formula(student, oracle, inputs, sizes, lead, bias, alpha):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out, bias) | factors(inputs, r, d_in, d_out)
    given |= {"x": inputs.array("x", *lead, d_in), "alpha": alpha}
    seen = student.ask("forward", **given)
    expected = oracle.ask("forward", **given)["y"]
    close(seen["y"], expected, rtol=1e-12, scale=output_size(given), what="the output")  # floor: 1.3e-15


@check(
    "lora.2.rslora",
    points=0.5,
    title="with rslora the layer's factor is alpha / sqrt(r)",
    hint="does the flag reach the place where the factor is used?",
)
@cases(sizes=distinct_sizes(3, 2, 6), alpha=sampled_from(ALPHAS), examples=6)
def test_layer_rslora(student, oracle, inputs, sizes, alpha):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out)
    given |= {"x": inputs.array("x", 2, d_in), "alpha": alpha, "rslora": True}
    seen = student.ask("forward", **given)
    expected = oracle.ask("forward", **given)["y"]
    close(seen["y"], expected, rtol=1e-12, scale=output_size(given), what="the output")


@check(
    "lora.2.gradients",
    points=1.5,
    title="gradients reach x, A and B, through both paths",
    hint="freezing the base means that its weight gets no gradient; x still needs the one that passes through it.",
)
@cases(sizes=distinct_sizes(3, 2, 6), alpha=sampled_from(ALPHAS), examples=6)
def test_layer_gradients(student, oracle, inputs, sizes, alpha):
    r, d_in, d_out = sizes
    # B is not zero here: at the start it is, and then the gradient of A is zero for everybody.
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out) | {"alpha": alpha}
    given |= {"x": inputs.array("x", 2, d_in), "weights": inputs.array("weights", 2, d_out)}
    seen, expected = student.ask("gradients", **given), oracle.ask("gradients", **given)
    for name in ("x", "A", "B"):
        # 1e-10: two sums more than in the output, whose terms are at most 8 alpha and may cancel
        close(seen[name], expected[name], rtol=1e-10, scale=8 * alpha, what=f"the gradient of {name}")


@check(
    "lora.2.parameters",
    points=1,
    title="the layer adds two trainable tensors, A and B, and no other",
    hint="`nn.Parameter` registers a tensor for the optimiser, for `state_dict` and for `.to()`; B has no bias.",
)
@cases(sizes=distinct_sizes(3, 1, 6), bias=booleans(), examples=3)
def test_parameters(student, inputs, sizes, bias):
    r, d_in, d_out = sizes
    seen = student.ask("parameters", **layer(inputs, d_in, d_out, bias), r=r, alpha=7)["trainable"]
    expected = [f"{r, d_in} or {d_in, r} for A", f"{d_out, r} or {r, d_out} for B"]
    found = sorted(sorted(shape) for shape in seen) if _is_shapes(seen) else None
    that(
        found == sorted([sorted([r, d_in]), sorted([d_out, r])]),
        expected=" and ".join(expected),
        seen=f"shapes {seen}",
        what="the list of new trainable tensors",
    )
    adds_update(student, inputs)


def _is_shapes(seen):
    return isinstance(seen, list) and all(isinstance(s, list) and all(type(n) is int for n in s) for s in seen)


@check(
    "lora.2.frozen",
    points=1.5,
    title="training leaves every bit of the base as it was",
    hint="an optimiser skips what has no gradient; `module.requires_grad = False` says nothing to its parameters.",
)
@cases(sizes=distinct_sizes(3, 1, 6), examples=3)
def test_frozen(student, inputs, sizes):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | {"x": inputs.array("x", 4, d_in)}
    seen = student.ask("trained", **given, r=r, alpha=7)
    exactly(seen["B moved"], True, what="whether B moved")
    for name in ("weight", "bias"):
        exactly(seen[name], given[name], what=f"the base's {name} after two steps of AdamW with weight decay")
    exactly(seen["trainable"], False, what="requires_grad of the base's weight or bias")
    adds_update(student, inputs)


@check(
    "lora.2.shares_base",
    points=0.5,
    title="the layer uses the caller's base, not a copy of it",
    hint="keep the module or the Parameter you were given; a copy goes its own way from then on.",
)
@cases(sizes=distinct_sizes(3, 1, 6), examples=3)
def test_shares_base(student, inputs, sizes):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | {"new_weight": inputs.array("new_weight", d_out, d_in)}
    x = inputs.array("x", 2, d_in)
    seen = student.ask("shared_base", **given, x=x, r=r, alpha=7)
    exactly(seen["same"], True, what="whether `base.weight` is one of the layer's parameters")
    before = array(seen["before"], (2, d_out), what="the output before")
    expected = before + x @ (given["new_weight"] - given["weight"]).T
    close(seen["after"], expected, rtol=1e-12, what="the output after base.weight got new values")
    adds_update(student, inputs)


@check(
    "lora.2.init",
    points=1,
    title="B starts at zero, A random with deviation near 1 / sqrt(3 in)",
    hint="print `A.std()` of a new layer with in = 400 (about 0.03) and `B.abs().max()` (0).",
)
@cases(alpha=sampled_from([0.5, 64]), examples=2)
def test_init(student, inputs, alpha):
    d_in, d_out, r = 400, 24, 16
    seen = student.ask("initial", d_in=d_in, d_out=d_out, r=r, alpha=alpha)
    A = array(seen["A"], (r, d_in), what="A of a new layer")
    B = array(seen["B"], (d_out, r), what="B of a new layer")
    that(not B.any(), expected="all zeros", seen=f"entries up to {np.abs(B).max():.3g}", what="B of a new layer")
    # The band is the specification's. 6400 entries: their deviation is known to 1 %, far inside a factor of 2.
    usual = 1 / np.sqrt(3 * d_in)
    ratio = A.std() / usual
    that(
        0.5 <= ratio <= 2,
        what="the standard deviation of A",
        expected=f"between {usual / 2:.4f} and {usual * 2:.4f} for in = {d_in}",
        seen=f"{A.std():.4f}",
    )
    # 7 standard errors of a mean: a right A fails once in 4e11 runs.
    bound = 7 * A.std() / np.sqrt(A.size)
    that(abs(A.mean()) <= bound, expected=f"at most {bound:.4f}", seen=f"{A.mean():.4f}", what="the mean of A")
    share = np.unique(A).size / A.size
    # Equal float32 draws are possible, about one pair in 6400; a repeated row or a few levels are not chance.
    that(share > 0.9, expected="all different", seen=f"{share:.0%} different", what="the entries of A")
    adds_update(student, inputs)


@check(
    "lora.2.dropout",
    points=1.5,
    title="dropout hits the entries of A's input, in train mode only",
    hint="follow x: the base sees all of it; on the way to A each entry is either zero or divided by 1 - p.",
)
def test_dropout(student, inputs):
    # B A has orthogonal columns (5 inputs, 6 directions, 7 outputs), so the train-mode output tells which inputs
    # each row kept. The yardstick is the layer's own eval mode: a wrong factor is not this check's business.
    d_in, r, d_out, p, rows, alpha = 5, 6, 7, 0.25, 400, 12
    A = np.linalg.qr(inputs.normal("A", r, d_in))[0]
    B = np.linalg.qr(inputs.normal("B", d_out, r))[0]
    given = layer(inputs, d_in, d_out) | {"A": A, "B": B, "alpha": alpha, "p": p}
    given["x"] = np.ones((rows, d_in))
    seen = student.ask("dropped", **given)
    exactly(seen["x"], given["x"], what="x after the call")
    units = array(seen["units"], (d_in, d_out), what="the output for single inputs in eval mode")
    # what each input adds through A and B
    effect = units - array(seen["units without B"], (d_in, d_out), what="the output for single inputs with B = 0")
    base = array(seen["eval without B"], (rows, d_out), what="the output in eval mode with B = 0")
    size = np.abs(effect).max()
    that(size > 1e-3, expected="an update that is not zero", seen=f"{size:.3g}", what="the update in eval mode")
    is_multiple(effect, (B @ A).T, what="what single inputs add in eval mode", of="B A", rtol=ANCHOR)
    # 1e-9: room for the rounding of a least-squares solve with orthogonal columns
    close(seen["eval"], base + effect.sum(0), rtol=1e-9, what="the output in eval mode")
    update = array(seen["train"], (rows, d_out), what="the output in train mode") - base
    kept = update @ np.linalg.pinv(effect) * (1 - p)
    stray = np.abs(kept @ effect / (1 - p) - update).max() / size
    that(
        stray < 1e-6,
        what="the update in train mode",
        expected="a sum of whole effects of single inputs",
        seen=f"a part that no input explains ({stray:.2g})",
    )
    off = np.minimum(np.abs(kept), np.abs(kept - 1)).max()
    that(
        off < 1e-6,
        what="the factor of each input in train mode",
        expected="0 or 1 / (1 - p)",
        seen=f"{kept.flat[np.argmax(np.minimum(abs(kept), abs(kept - 1)))]:.3g} / (1 - p)",
    )
    # 2000 coins with chance 0.75: seven standard deviations are 0.068 of them; no row or column is constant by chance.
    share = kept.mean()
    that(
        abs(share - 0.75) < 0.068,
        expected="about 0.75",
        seen=f"{share:.2f}",
        what="the share of kept inputs at p = 0.25",
    )
    that(
        np.ptp(kept, axis=0).min() > 0.5 and np.ptp(kept, axis=1).max() > 0.5,
        what="the mask",
        expected="a chance of its own for every entry of x",
        seen="whole rows or columns that share one",
    )


@check(
    "lora.2.dtypes",
    points=1,
    title="base, adapter and output agree in float64, float32 and bfloat16",
    hint="new tensors are float32 unless you say otherwise: which dtype and device does the base have?",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=2)
def test_dtypes(student, oracle, inputs, sizes):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out)
    given |= {"x": inputs.array("x", 2, d_in), "alpha": 0.7}
    widening = list(reversed(RTOL))
    for dtype, rtol in RTOL.items():
        seen, expected = (who.ask("typed", **given, dtype=dtype) for who in (student, oracle))
        for name in ("A", "B"):
            found = str(seen[name]).removeprefix("torch.")
            wide_enough = found in widening[widening.index(dtype) :]
            that(wide_enough, expected=f"{dtype} or wider", seen=found, what=f"the dtype of {name} over {dtype}")
        close(seen["y"], expected["y"], rtol=rtol, scale=output_size(given), what=f"the output in {dtype}")


@check(
    "lora.2.flops",
    points=0.5,
    title="the update costs at most 2 N r (in + out) operations",
    hint="where do the brackets stand? (B A) x makes a full matrix, B (A x) two thin products.",
)
@cases(sizes=distinct_sizes(3, 20, 30), bias=booleans(), examples=3)
def test_flops(student, inputs, sizes, bias):
    d_in, d_out, _ = sizes
    r, rows = 3, 2  # with more than in * out / (in + out) rows a full matrix would be the cheaper way
    seen = student.ask("flops", d_in=d_in, d_out=d_out, r=r, rows=rows, alpha=7, bias=bias)
    base = 2 * rows * d_in * d_out
    bound = base + 2 * rows * r * (d_in + d_out)
    found = number(seen["flops"], what="the number of operations")
    that(
        base <= found <= bound,
        what="the number of operations for two rows",
        expected=f"at most {bound}, {base} of them in the base",
        seen=f"{found:.0f}",
    )
    adds_update(student, inputs)


# ---------------------------------------------------------------------------------------------- lora.3


@check(
    "lora.3.exact",
    points=1.5,
    title="merging adds alpha / r times B A to the weight",
    hint="compare the new weight minus the old one with `lora_delta(A, B, alpha, rslora)`.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=3)
def test_merge_exact(student, oracle, inputs, sizes):
    given = mergeable(inputs, *low_rank(sizes)) | {"calls": ["layer.merge"]}
    for rslora in (False, True):
        seen, expected = (who.ask("after_calls", **given, rslora=rslora) for who in (student, oracle))
        what = f"after merge, rslora={rslora},"
        close(seen["weight 1"], expected["weight 1"], rtol=1e-12, what=f"base.weight {what}")
        close(seen["y 1"], expected["y 1"], rtol=1e-12, what=f"the output {what}")


@check(
    "lora.3.invisible",
    points=2,
    title="merging is invisible in the output",
    hint="is the update counted exactly once after `merge`: in the weight, and no longer in `forward`?",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=4)
def test_merge_invisible(student, inputs, sizes):
    r, d_in, d_out = low_rank(sizes)
    given = mergeable(inputs, r, d_in, d_out)
    before = student.ask("after_calls", **given, calls=[])
    unmerged = array(before["y 0"], (3, d_out), "float64", what="the unmerged output")
    alone = array(before["base 0"], (3, d_out), what="base(x)")
    that((unmerged != alone).any(), expected="base(x) plus an update", seen="base(x)", what="the unmerged output")
    for mode in ("eval", "train"):
        seen = student.ask("after_calls", **given, calls=[f"parent.{mode}", "layer.merge"], dropout=0.5)
        close(seen["y 2"], unmerged, rtol=1e-12, dtype="float64", what=f"the merged output in {mode} mode")
        direct = array(seen["base 2"], (3, d_out), what="base(x) after merge")
        close(seen["y 2"], direct, rtol=1e-12, what=f"the merged output in {mode} mode, beside base(x),")
        update = given["x"] @ given["A"].T @ given["B"].T
        is_multiple(direct - alone, update, what="what merge adds to base(x)", of="B A x", rtol=ANCHOR)


@check(
    "lora.3.square",
    points=1,
    title="merging is invisible on square layers too",
    hint="on a square layer a transposed update fits without an error: which of (out, in) and (in, out) is the weight?",
)
@cases(sizes=distinct_sizes(2, 2, 6), examples=4)
def test_merge_square(student, inputs, sizes):
    r, d = sorted(sizes)
    given = mergeable(inputs, r, d, d) | {"calls": ["layer.merge"]}
    seen = student.ask("after_calls", **given)
    unmerged = array(seen["y 0"], (3, d), "float64", what="the unmerged output")
    alone = array(seen["base 0"], (3, d), what="base(x)")
    that((unmerged != alone).any(), expected="base(x) plus an update", seen="base(x)", what="the unmerged output")
    close(seen["y 1"], unmerged, rtol=1e-12, dtype="float64", what="the merged output")
    adds_update(student, inputs)  # of an oblong layer: here B might be what was meant as A


@check(
    "lora.3.unmerge",
    points=1.5,
    title="unmerging restores the weight and the output",
    hint="`unmerge` takes out exactly what `merge` put in; a flag alone does not change the weight.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=6)
def test_unmerge(student, inputs, sizes):
    given = mergeable(inputs, *sizes) | {"calls": ["layer.merge", "layer.unmerge"]}
    weight = given["weight"]
    weight *= 1.1  # in place; multiples of 1/4 would survive in half precision
    seen = student.ask("after_calls", **given)
    merged = array(seen["weight 1"], weight.shape, what="base.weight after merge")
    that(
        np.abs(merged - weight).max() > 1e-3,
        expected="a new weight",
        seen="the old one",
        what="base.weight after merge",
    )
    update = given["B"] @ given["A"]
    is_multiple(merged - weight, update, what="what merge adds to base.weight", of="B A", rtol=ANCHOR)
    # (W + d) - d leaves 1e-15 of the largest weight while |d| <= 4 |W|
    close(seen["weight 2"], weight, rtol=1e-14, dtype="float64", what="base.weight after merge and unmerge")
    before = array(seen["y 0"], (3, sizes[2]), what="the output before merge")
    close(seen["y 2"], before, rtol=1e-12, dtype="float64", what="the output after merge and unmerge")


@check(
    "lora.3.repeated",
    points=1,
    title="`merged` tells the state, and repeating a call changes nothing",
    hint="look at `merged` before you add or subtract, and set it when you have.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=3)
def test_merge_repeated(student, inputs, sizes):
    calls = ["layer.unmerge", "layer.merge", "layer.merge", "layer.unmerge", "layer.unmerge"]
    given = mergeable(inputs, *sizes)
    seen = student.ask("after_calls", **given, calls=calls)
    for number_, state in enumerate([False, False, True, True, False, False]):
        exactly(seen[f"merged {number_}"], state, what=f"merged {after(calls[:number_])}")
    exactly(seen["weight 1"], given["weight"], what="base.weight after unmerge on an unmerged layer")
    for number_, what in ((3, "a second merge"), (5, "a second unmerge")):
        before = array(seen[f"weight {number_ - 1}"], given["weight"].shape, what="base.weight")
        exactly(seen[f"weight {number_}"], before, what=f"base.weight after {what}")
    adds_update(student, inputs)


def after(calls):
    return f"after {', '.join(calls)}" if calls else "before any call"


@check(
    "lora.3.modes",
    points=1,
    title="train() and eval() never touch the weight",
    hint="a model's `eval()` reaches its layers as `train(False)`; neither should merge or unmerge anything.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=3)
def test_merge_modes(student, inputs, sizes):
    toggles = ["parent.eval", "parent.train", "layer.eval", "parent.eval", "layer.train"]
    calls = [*toggles, "layer.merge", *toggles]
    merge = calls.index("layer.merge") + 1
    given = mergeable(inputs, *sizes)
    seen = student.ask("after_calls", **given, calls=calls)
    merged = array(seen[f"weight {merge}"], given["weight"].shape, "float64", what="base.weight after merge")
    for number_ in range(len(calls) + 1):
        what = after(calls[:number_])
        exactly(seen[f"weight {number_}"], given["weight"] if number_ < merge else merged, what=f"base.weight {what}")
        exactly(seen[f"merged {number_}"], number_ >= merge, what=f"merged {what}")
    what = "`training` of the layer after merge, beside that before,"
    exactly(seen[f"training {merge}"], seen[f"training {merge - 1}"], what=what)
    adds_update(student, inputs)


# ---------------------------------------------------------------------------------------------- lora.4


@check(
    "lora.4.equals_peft",
    points=2,
    title="an adapted GPT-2 computes what PEFT's computes",
    hint="GPT-2's `Conv1D` stores its weight as (in, out); its bias and the square c_proj count as well.",
)
@cases(examples=2)
def test_gpt2_equals_peft(student, oracle, inputs):
    given = GPT2 | {"seed": inputs.seed, "ids": inputs.integers("ids", 2, 5, low=0, high=19), "alpha": 2.5}
    seen = student.ask("adapted", **given)
    # 1e-12: PEFT and a layer written otherwise differ by a few roundings, about 1e-15, through two blocks
    close(seen["logits"], oracle.ask("adapted", **given)["logits"], rtol=1e-12, what="the logits")


@check(
    "lora.4.linear",
    points=1,
    title="a model of nn.Linear layers computes what PEFT's computes",
    hint="not every model is a GPT-2: most have `nn.Linear`, with its weight as (out, in).",
)
@cases(examples=2)
def test_linear_equals_peft(student, oracle, inputs):
    given = LINEAR | {"seed": inputs.seed, "ids": inputs.integers("ids", 2, 5, low=0, high=19), "alpha": 2.5}
    seen = student.ask("adapted", **given)
    close(seen["logits"], oracle.ask("adapted", **given)["logits"], rtol=1e-12, what="the output")


@check(
    "lora.4.targets",
    points=1.5,
    title="a target is a whole name, or its last parts, and hits once",
    hint="split the names at their dots: `subquery` and `query_gate` are not called `query`.",
)
def test_targets(student, oracle, inputs):
    wanted = {
        ("query",): ["layers.0.query", "layers.1.query"],
        ("query", "0.query"): ["layers.0.query", "layers.1.query"],
        ("layers.1.query", "head"): ["head", "layers.1.query"],
        ("query_gate.proj", "out"): [
            "layers.0.out",
            "layers.0.query_gate.proj",
            "layers.1.out",
            "layers.1.query_gate.proj",
        ],
    }
    for targets, paths in wanted.items():
        seen = student.ask("wrapped", kind="linear", seed=inputs.seed, targets=list(targets), r=3, alpha=7)
        twice = sorted(paths * 2)  # one A and one B each
        exactly(seen["owners"], twice, what=f"the module that each A or B belongs to, for targets {list(targets)},")
    adapts(student, oracle, inputs)


@check(
    "lora.4.counts",
    points=1.5,
    title="GPT-2 with r = 8 on c_attn trains 294,912 of 124,734,720",
    hint="count each parameter once, tied ones too, and count what the adapters add.",
)
def test_counts(student, oracle, inputs):
    seen = student.ask("gpt2_counts", targets=["c_attn"], r=8, alpha=16)
    exactly(seen["counts"], [294_912, 124_734_720], what="(trainable, all)")
    adapts(student, oracle, inputs)


@check(
    "lora.4.frozen",
    points=1.5,
    title="training moves every A and B, and no other tensor",
    hint="freeze the whole model, embeddings, norms and heads included, before the trainable tensors go in.",
)
def test_model_frozen(student, oracle, inputs):
    ids = inputs.integers("ids", 2, 5, low=0, high=19)
    for kind, target in (("gpt2", "c_attn"), ("linear", "square")):  # one head is tied, the other has its own weight
        seen = student.ask("trained_model", kind=kind, seed=inputs.seed, ids=ids, targets=[target], r=3, alpha=7)
        exactly(seen["moved"], [], what="the list of moved tensors beside A and B")
        exactly(seen["trainable"], [], what="the list of trainable tensors beside A and B")
        exactly(seen["adapter"], 4, what="the number of factors A and B in two blocks")
        exactly(seen["adapter moved"], 4, what="the number of factors that moved in two steps")
    adapts(student, oracle, inputs)


@check(
    "lora.4.unknown",
    points=1,
    title="a target that cannot be adapted raises and changes nothing",
    hint="find all targets first; one that matches nothing, or a LayerNorm, is a ValueError before any change.",
)
def test_unknown_target(student, oracle, inputs):
    pair, direction = two_sizes(oracle, inputs)
    bad = [pair[0] | {"targets": targets} for targets in (["last", "lasts"], ["last", "embed"], ["body"])]
    on_gpt2 = pair[0] | {"kind": "gpt2", "dtype": "float64", "paths": []}
    bad += [on_gpt2 | {"targets": ["c_attn", name]} for name in ("c_attention", "ln_1")]
    bad += [on_gpt2 | {"targets": [name]} for name in ("attn", "c.attn")]
    moved = {}
    # In an order that the seed decides, and numbers come back where nothing is to be refused.
    for asked in shuffled(inputs, [*bad, *pair]):
        seen, targets = student.ask("attempted", **asked), asked["targets"]
        if targets == LAST["targets"]:
            exactly(seen["raised"], [], what=f"the exception of inject_lora with targets {targets}")
            moved[asked["size"]] = seen
            continue
        is_value_error(seen["raised"], f"inject_lora with targets {targets}")
        exactly(seen["changes"], [], what=f"what changed in the model, with targets {targets},")
        untouched = array(oracle.ask("bare", kind=asked["kind"], seed=inputs.seed, ids=asked["ids"])["logits"])
        rtol = 1e-12 if asked["dtype"] == "float64" else RTOL[asked["dtype"]]
        close(seen["logits"], untouched, rtol=rtol, what="the model's output afterwards")
    move_like_peft(moved[0.5], moved[1.0], direction)


def is_value_error(raised, what):
    names = raised if isinstance(raised, list) else []
    that("ValueError" in names, expected="a ValueError", seen=str(names[0]) if names else "no exception", what=what)


@check(
    "lora.4.again",
    points=0.5,
    title="injecting twice into one model raises ValueError",
    hint="a model that carries adapters can be recognised by its layers.",
)
def test_inject_again(student, oracle, inputs):
    pair, direction = two_sizes(oracle, inputs)
    on_gpt2 = pair[0] | {"kind": "gpt2", "targets": ["c_attn"], "paths": [], "again": ["c_attn"]}
    cases = [asked | {"again": again} for asked, again in zip(pair, (["last"], ["first"]), strict=True)]
    first = {}
    for asked in shuffled(inputs, [on_gpt2, on_gpt2 | {"again": ["c_fc"]}, *cases]):
        seen, again = student.ask("injected_twice", **asked), asked["again"]
        is_value_error(seen["raised"], f"a second inject_lora, with targets {again},")
        if asked in cases:  # the first adapter is in force, as if nothing had been tried
            first[asked["size"]] = seen
    move_like_peft(first[0.5], first[1.0], direction)


# ---------------------------------------------------------------------------------------------- lora.5


@check(
    "lora.5.peft_reads",
    points=2,
    title="PEFT loads what save_adapter wrote and computes the same",
    hint="compare names, shapes and fields with the files of an adapter that PEFT saved; a wrong name raises nothing.",
)
def test_peft_reads(student, oracle, inputs):
    given = GPT2 | {"seed": inputs.seed, "alpha": 2.5}  # neither r nor PEFT's default of 8, nor an integer
    ids = inputs.integers("ids", 2, 5, low=0, high=19)
    seen = student.ask("saved", **given)
    expected = oracle.ask("adapted", **given, ids=ids)["logits"]
    read_back(oracle, seen, "gpt2", inputs.seed, ids, expected)


def read_back(oracle, seen, kind, seed, ids, expected):
    """Real PEFT, in the oracle's worker, loads the files of `seen`; the logits must be `expected`."""
    for name, file in (("config", "adapter_config.json"), ("weights", "adapter_model.safetensors")):
        array(seen[name], dtype="uint8", what=f"the content of {file}")
        size = len(seen[name].data)
        that(0 < size <= 2**20, expected="1 byte to 1 MiB", seen=f"{size} bytes", what=f"the size of {file}")
    read = oracle.ask("read_by_peft", kind=kind, seed=seed, ids=ids, config=seen["config"], weights=seen["weights"])
    that(not read["problem"], expected="PEFT loads the files", seen=str(read["problem"]), what="your adapter in PEFT")
    close(read["logits"], expected, rtol=1e-12, what="PEFT's output with your adapter")


@check(
    "lora.5.reads_peft",
    points=1.5,
    title="load_adapter loads what PEFT wrote",
    hint="does every number of the config reach the layers, alpha too, and every tensor of the file its place?",
)
def test_reads_peft(student, oracle, inputs):
    given = GPT2 | {"seed": inputs.seed, "alpha": 2.5}
    ids = inputs.integers("ids", 2, 5, low=0, high=19)
    files = oracle.ask("saved", **given)
    seen = student.ask(
        "loaded", kind="gpt2", seed=inputs.seed, ids=ids, config=files["config"], weights=files["weights"]
    )
    expected = oracle.ask("adapted", **given, ids=ids)["logits"]
    close(seen["logits"], expected, rtol=1e-12, what="the logits with PEFT's adapter")
    own = student.ask("injected", kind="gpt2", seed=inputs.seed, ids=ids, targets=GPT2["targets"], r=3, alpha=2.5)
    exactly(seen["trainable"], own["trainable"], what="the trainable shapes, beside those after inject_lora,")


@check(
    "lora.5.rslora",
    points=0.5,
    title="load_adapter honours use_rslora",
    hint="`inject_lora` knows no rslora: the layers have to be told afterwards.",
)
def test_loads_rslora(student, oracle, inputs):
    files = oracle.ask("saved", **GPT2, seed=inputs.seed, alpha=5)
    given = {"kind": "gpt2", "seed": inputs.seed, "config": files["config"], "weights": files["weights"]}
    given |= {"ids": inputs.integers("ids", 2, 5, low=0, high=19), "edits": {"use_rslora": True}}
    seen = student.ask("loaded", **given)
    close(seen["logits"], oracle.ask("loaded", **given)["logits"], rtol=1e-12, what="the logits with use_rslora")


@check(
    "lora.5.files",
    points=1,
    title="saving writes two small files and changes nothing else",
    hint="only A and B go into the file; `Path.mkdir` can make parents, too.",
)
def test_files(student, oracle, inputs):
    # A model whose weights would break the size limit, in a folder whose parents do not exist yet.
    given = GPT2 | {"kind": "wide gpt2", "seed": inputs.seed, "alpha": 5, "below": "runs/today/best"}
    seen = student.ask("saved", **given)
    exactly(seen["files"], ["adapter_config.json", "adapter_model.safetensors"], what="the list of files")
    exactly(seen["returned"], None, what="what save_adapter returned")
    exactly(seen["changes"], [], what="what changed in the model")
    payload = sum(3 * 4 * (d_in + d_out) * 8 for d_in, d_out in GPT2_WIDTHS.values())  # four times as wide
    size = sum(array(seen[name], dtype="uint8", what=f"the {name} file").size for name in ("config", "weights"))
    bound = int(1.1 * payload) + 16 * 1024
    that(size <= bound, expected=f"at most {bound} bytes", seen=f"{size}", what="the size of both files together")
    files = (who["weights"] for who in (seen, oracle.ask("saved", **given)))
    found, wanted = ([array(each) for each in oracle.ask("tensors_in", weights=file)["tensors"]] for file in files)
    lost = sum(not any(same_up_to_a_factor(each, other) for other in found) for each in wanted)
    that(not lost, expected="every A and B", seen=f"all but {lost} of {len(wanted)}", what="the numbers in the file")


def same_up_to_a_factor(tensor, other):
    """Whether one is a multiple of the other, or of its transpose; how they are saved is the business of others."""
    if tensor.shape != other.shape:
        other = other.T
    if tensor.shape != other.shape:
        return False
    norms = np.linalg.norm(tensor) * np.linalg.norm(other)
    return abs((tensor * other).sum()) > (1 - ANCHOR**2) * norms > 0


DAMAGES = (
    "a tensor is missing",
    "a tensor belongs to no layer",
    "a tensor has one row instead of all",
    "the weights file is missing",
)


@check(
    "lora.5.strict",
    points=2,
    title="an adapter that does not fit the model raises an error",
    hint="compare the names in the file with the names the model needs, both ways, and then the shapes.",
)
def test_strict(student, oracle, inputs):
    # Nothing but the files tells which adapter is whole: whoever cannot load one has not detected a damaged one.
    cases = []
    for model in (GPT2, LAST):
        place = {"kind": model["kind"], "seed": inputs.seed, "r": 3, "paths": LAST["paths"] if model is LAST else []}
        saved = oracle.ask("saved", **model, seed=inputs.seed, alpha=5)
        files = {name: saved[name] for name in ("config", "weights")}
        cases.append(("", place | files))
        cases += [(damage, {**place, **oracle.ask("changed_files", **files, damage=damage)}) for damage in DAMAGES]
    for damage, given in shuffled(inputs, cases):
        seen = student.ask("loads", **given)
        if damage:
            that(seen["raised"], expected="an exception", seen="none", what=f"load_adapter when {damage}")
            continue
        raised = seen["raised"]
        that(raised == [], expected="no exception", seen=str(raised)[:80], what="load_adapter with a whole adapter")
        same_factors(seen, oracle.ask("loads", **given))


def same_factors(seen, expected):
    """Fail unless every A and B that was asked for has the numbers of the file."""
    for factor, wanted in zip(seen["factors"], expected["factors"], strict=True):
        close(factor, wanted, rtol=ANCHOR, dtype="any", what="A or B of a loaded adapter")
