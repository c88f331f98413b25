"""The hidden checks of `lora`: the edges of the specification, with PEFT and the reference as judges.

Same habits as in the public checks: arrays of multiples of 1/4, errors relative to the largest expected value.
"""

import numpy as np

from exercises.lora.test_lora import (
    ANCHOR,
    LAST,
    adapts,
    adds_update,
    factors,
    is_multiple,
    is_value_error,
    layer,
    low_rank,
    mergeable,
    move_like_peft,
    shuffled,
    two_sizes,
)
from grader.checking import array, booleans, cases, check, close, distinct_sizes, exactly, that

GPT2_PATHS = ["transformer.h.0.attn.c_attn", "transformer.h.1.attn.c_attn"]
GPT2 = {"kind": "gpt2", "targets": ["c_attn"], "paths": GPT2_PATHS, "r": 3}
LINEAR_PATHS = ["layers.0.square", "layers.1.square", "layers.0.out", "layers.1.out"]
LINEAR = {"kind": "linear", "targets": ["square", "out"], "paths": LINEAR_PATHS, "r": 3}
SMALL_UPDATE = 0.737
"""times the weight: another size of update than that of the public checks"""


# ---------------------------------------------------------------------------------------------- lora.1


@check(
    "lora.1.edges",
    points=0.5,
    title="any alpha, any rank, and arrays stored in any order",
    hint="alpha may be zero or negative, r may be 1 or larger than in and out, A and B may be transposed views.",
)
@cases(sizes=distinct_sizes(3, 1, 6), rslora=booleans(), strided=booleans(), examples=6)
def test_delta_edges(student, reference, inputs, sizes, rslora, strided):
    r, d_in, d_out = sizes
    given = {"A": inputs.array("A", r, d_in), "B": inputs.array("B", d_out, r), "rslora": rslora, "strided": strided}
    for alpha in (0, -2, -0.75, 0.001, 128):
        seen, expected = (who.ask("delta", **given, alpha=alpha)["delta"] for who in (student, reference))
        # the scale: with alpha = 0 the update is zero, and -0.0 is as good
        close(seen, expected, rtol=1e-12, scale=max(abs(alpha), 1e-3), what=f"the update with alpha = {alpha}")


@check(
    "lora.1.bilinear",
    points=0.5,
    title="the update is linear in A and in B, at any size, and has rank r",
    hint="the update is a product and nothing else: no clipping, no normalising.",
)
@cases(sizes=distinct_sizes(3, 1, 6), examples=6)
def test_delta_bilinear(student, inputs, sizes):
    r, d_in, d_out = sizes
    A, C, B = inputs.array("A", r, d_in), inputs.array("C", r, d_in), inputs.array("B", d_out, r)
    alpha = 0.7

    def delta(A, B):
        return array(student.ask("delta", A=A, B=B, alpha=alpha)["delta"], (d_out, d_in), what="the update")

    once = delta(A, B)
    that(np.abs(B @ A).max() == 0 or once.any(), expected="an update that is not zero", seen="zeros", what="the update")
    for factor in (-(2.0**20), 2.0**-20):  # beyond any bound of half precision or of clipping, both ways
        size = alpha * abs(factor)  # entries of A and B are at least 1/4 and at most 2
        for what, scaled in (("A", delta(factor * A, B)), ("B", delta(A, factor * B))):
            that(
                np.abs(scaled - factor * once).max() <= 1e-12 * size * 8,
                expected=f"{factor:g} times the update",
                seen="something else",
                what=f"with {factor:g} {what},",
            )
    summed = np.abs(delta(A + C, B) - once - delta(C, B)).max()
    that(summed <= 1e-11, expected="the sum of two updates", seen=f"off by {summed:.2g}", what="the update of A + C")
    is_multiple(once, B @ A, what="the update", of="B A", rtol=ANCHOR)
    singular = np.linalg.svd(once, compute_uv=False)
    that(
        singular[r:].sum() <= 1e-12 * max(singular.sum(), 1),
        what="the rank of the update",
        expected=f"at most {r}",
        seen=f"more: singular values {singular.round(3).tolist()}",
    )


# ---------------------------------------------------------------------------------------------- lora.2


@check(
    "lora.2.independent",
    points=1,
    title="two layers share nothing and start differently",
    hint="look for values made once for all layers (class attributes, default arguments) and for a fixed seed.",
)
@cases(sizes=distinct_sizes(3, 3, 6), examples=3)
def test_independent(student, inputs, sizes):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out) | {"x": inputs.array("x", 2, d_in), "alpha": 7}
    seen = student.ask("two_layers", **given)
    differ = False
    for name, shape in {"A": (r, d_in), "B": (d_out, r)}.items():
        first = array(seen[f"{name} first"], shape, what=f"{name} of the first layer")
        second = array(seen[f"{name} second"], shape, what=f"{name} of the second layer")
        differ = differ or (first != second).any()
        exactly(seen[f"{name} after"], second, what=f"{name} of the second layer after the first one changed")
    that(differ, expected="other numbers than in the first", seen="the same", what="what the second layer starts with")
    before = array(seen["y before"], (2, d_out), what="the output of the second layer")
    exactly(seen["y after"], before, what="the output of the second layer after the first one changed")
    adds_update(student, inputs)


@check(
    "lora.2.round_trip",
    points=1,
    title="a state_dict moves a layer's adapter into a fresh layer",
    hint="what `state_dict` does not hold is lost: parameters and buffers are in it, plain tensors are not.",
)
@cases(sizes=distinct_sizes(3, 1, 6), examples=3)
def test_round_trip(student, inputs, sizes):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out) | {"x": inputs.array("x", 2, d_in), "alpha": 7}
    seen = student.ask("round_trip", **given)
    original = array(seen["y"], (2, d_out), "float64", what="the output of the layer")
    exactly(seen["copy"], original, what="the output of the fresh layer after load_state_dict")
    added = original - given["x"] @ given["weight"].T - given["bias"]
    is_multiple(added, given["x"] @ given["A"].T @ given["B"].T, what="what the layer adds to base(x)", of="B A x")


@check(
    "lora.2.device",
    points=0.5,
    title="A and B are created on the device of the base",
    hint="a tensor made without `device=` lives on the CPU; the base may live elsewhere, for instance on meta.",
)
def test_device(student, inputs):
    seen = student.ask("on_meta", d_in=5, d_out=4, r=3, alpha=7)
    exactly(seen["A"], "meta", what="the device of A over a base on the meta device")
    exactly(seen["B"], "meta", what="the device of B over a base on the meta device")
    exactly(seen["shape"], [2, 4], what="the shape of the output on the meta device")
    adds_update(student, inputs)


@check(
    "lora.2.edges",
    points=1,
    title="empty and strided inputs, odd alphas and impossible ranks",
    hint="x may have no rows, or be a transposed view; alpha may be 0 or negative; r < 1 is a ValueError.",
)
@cases(sizes=distinct_sizes(3, 2, 6), examples=3)
def test_layer_edges(student, reference, inputs, sizes):
    r, d_in, d_out = sizes
    given = layer(inputs, d_in, d_out) | factors(inputs, r, d_in, d_out)
    for lead, alpha in (([0], -3.3), ([2, 0], 0), ([3, 2], 0), ([3, 2], -3.3), ([], 128.7)):
        given |= {"x": inputs.array("x", *lead, d_in), "alpha": alpha, "strided": lead == [3, 2]}
        seen, expected = (who.ask("forward", **given)["y"] for who in (student, reference))
        what = f"the output for x of shape {tuple(given['x'].shape)} and alpha = {alpha}"
        close(seen, expected, rtol=1e-12, scale=1 + abs(alpha), what=what)
    for rank in (0, -1):
        student.must_raise("ValueError", "construct", r=rank)


# ---------------------------------------------------------------------------------------------- lora.3


@check(
    "lora.3.drift",
    points=1,
    title="in float32 and bfloat16 merging stays within rounding",
    hint="add and subtract the same update, in the dtype of the weight.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=3)
def test_drift(student, inputs, sizes):
    given = mergeable(inputs, *low_rank(sizes), SMALL_UPDATE) | {"calls": ["layer.merge", "layer.unmerge"]}
    size = float((np.abs(given["x"]) @ np.abs(given["weight"]).T).max()) * 2  # of the terms, which may cancel
    # output, residue of the weight. In bfloat16 legal code differs by 7e-3 of the output and leaves 2e-2 of the weight.
    for dtype, (rtol, residue) in {"float32": (1e-5, 1e-6), "bfloat16": (3e-2, 5e-2)}.items():
        seen = student.ask("after_calls", **given, dtype=dtype)
        before = array(seen["y 0"], (3, len(given["weight"])), dtype, what=f"the output in {dtype}")
        close(seen["y 1"], before, rtol=rtol, scale=size, dtype=dtype, what=f"the merged output in {dtype}")
        close(seen["weight 2"], given["weight"], rtol=residue, dtype=dtype, what=f"the weight after unmerge in {dtype}")
        merged = array(seen["weight 1"], given["weight"].shape, what="the merged weight")
        that(
            np.abs(merged - given["weight"]).max() > 0.1,
            expected="a new weight",
            seen="the old one",
            what="the merged weight",
        )
    adds_update(student, inputs)


@check(
    "lora.3.trainable",
    points=0.5,
    title="merging and unmerging leave the trainable set alone",
    hint="change the numbers inside the base's Parameter; do not replace it, and leave A and B trainable.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=2)
def test_trainable_after(student, inputs, sizes):
    given = mergeable(inputs, *sizes, SMALL_UPDATE)
    seen = student.ask("after_calls", **given, calls=["layer.merge", "layer.unmerge"])
    exactly(seen["weight 0"], given["weight"], what="base.weight before merge")
    exactly(seen["same"], True, what="whether base.weight is the same Parameter after merge and unmerge")
    for number, call in ((1, "merge"), (2, "unmerge")):
        what = f"the shapes of the trainable tensors after {call}, beside those before merge,"
        exactly(seen[f"trainable {number}"], seen["trainable 0"], what=what)
    seen = student.ask("trained_after_unmerge", **given)
    exactly(seen["B moved"], True, what="whether B moves in training after unmerge")
    adds_update(student, inputs)


@check(
    "lora.3.instances",
    points=0.5,
    title="merging one layer does not merge another",
    hint="`merged` belongs to an instance, not to the class.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=2)
def test_merge_instances(student, inputs, sizes):
    given = mergeable(inputs, *sizes, SMALL_UPDATE)
    seen = student.ask("merge_one_of_two", **given)
    exactly(seen["first"], True, what="merged of the first layer, after its merge")
    exactly(seen["second"], False, what="merged of the second layer")
    exactly(seen["weight"], given["weight"], what="base.weight of the second layer")
    before = array(seen["before"], (3, sizes[2]), what="the output of the second layer before")
    exactly(seen["after"], before, what="the output of the second layer after the first one merged")
    adds_update(student, inputs)


@check(
    "lora.3.base_update",
    points=1,
    title="merge and unmerge work on the values of now",
    hint="a copy of the weight or of the update taken in `__init__` is out of date by the time of the merge.",
)
@cases(sizes=distinct_sizes(3, 2, 7), examples=3)
def test_base_update(student, reference, inputs, sizes):
    given = mergeable(inputs, *low_rank(sizes), SMALL_UPDATE)
    given |= {
        "new_weight": 2.0 * given["weight"][::-1],
        "calls": ["layer.merge", "layer.unmerge", "A and B change", "layer.merge", "layer.unmerge"],
    }
    seen, expected = student.ask("after_calls", **given), reference.ask("after_calls", **given)
    close(seen["weight 1"], expected["weight 1"], rtol=1e-12, what="the merged weight")
    close(seen["weight 2"], given["new_weight"], rtol=1e-14, dtype="float64", what="the weight after unmerge")
    close(seen["y 2"], expected["y 2"], rtol=1e-12, what="the output after unmerge")
    what = "the weight after merge, unmerge, new values for A and B, and another merge"
    close(seen["weight 4"], expected["weight 4"], rtol=1e-12, what=what)


# ---------------------------------------------------------------------------------------------- lora.4


@check(
    "lora.4.tied",
    points=1,
    title="tied weights are refused as targets and stay tied",
    hint="GPT-2's lm_head and its embedding are one Parameter: an update of one would not reach the other.",
)
def test_tied(student, oracle, inputs):
    pair, direction = two_sizes(oracle, inputs)
    tied = pair[0] | {"kind": "gpt2", "targets": ["lm_head"], "paths": [], "dtype": "float64"}
    seen = student.ask("attempted", **tied)
    is_value_error(seen["raised"], "inject_lora with targets ['lm_head']")
    exactly(seen["changes"], [], what="what changed in the model")
    untouched = oracle.ask("bare", kind="gpt2", seed=inputs.seed, ids=tied["ids"])["logits"]
    close(seen["logits"], untouched, rtol=1e-12, what="the model's output afterwards")
    # The last layer of another model is not tied, and can be adapted.
    move_like_peft(*(student.ask("attempted", **asked) for asked in pair), direction)
    seen = student.ask("tied_weights", seed=inputs.seed, targets=["c_attn"], r=3, alpha=7)
    exactly(seen["tied"], True, what="whether lm_head and wte still share their weight")


@check(
    "lora.4.options",
    points=1,
    title="dropout and the mode of the model reach the new layers",
    hint="pass `dropout` on; a model in eval mode stays in eval mode, its new layers included.",
)
def test_options(student, oracle, inputs):
    ids = inputs.integers("ids", 2, 5, low=0, high=19)
    for model in (GPT2, LINEAR):
        _dropout_and_mode(student, ids, model | {"seed": inputs.seed, "alpha": 7})
    adapts(student, oracle, inputs)


def _dropout_and_mode(student, ids, given):
    plain = array(student.ask("adapted", **given, ids=ids)["logits"], (2, 5, 19), what="the output without dropout")
    seen = student.ask("with_dropout", **given, ids=ids, dropout=0.5, training=False)
    for name in ("first", "second"):
        close(seen[name], plain, rtol=1e-12, what=f"the {name} output in eval mode")
    seen = student.ask("with_dropout", **given, ids=ids, dropout=0.5, training=True)
    first, second = (array(seen[name], plain.shape, what=f"the {name} output") for name in ("first", "second"))
    # More than 50 coins decide each pass: two equal passes are rarer than 1 in 1e15.
    that((first != second).any(), expected="another mask in every pass", seen="two equal outputs", what="train mode")


@check(
    "lora.4.fresh",
    points=0.5,
    title="a freshly adapted model computes what the bare model does",
    hint="B is zero at first, in every layer, and the biases stay.",
)
def test_fresh_model(student, oracle, inputs):
    given = {"seed": inputs.seed, "ids": inputs.integers("ids", 2, 5, low=0, high=19)}
    for model in (GPT2, LINEAR):
        kind = model["kind"]
        seen = student.ask("injected", **given, kind=kind, targets=model["targets"], r=3, alpha=7)
        # not bit for bit: how Conv1D is wrapped is free, and x @ W + b may round otherwise than addmm
        expected = oracle.ask("bare", **given, kind=kind)["logits"]
        close(seen["logits"], expected, rtol=1e-12, what=f"the output of the {kind} model")
    adapts(student, oracle, inputs)


@check(
    "lora.4.count_any",
    points=0.5,
    title="tied weights count once, frozen ones as frozen, buffers never",
    hint="`model.parameters()` lists a shared tensor once and leaves buffers out; `state_dict()` does neither.",
)
def test_count_any(student, oracle):
    for kind, frozen in (("gpt2", []), ("gpt2", ["transformer.h.0"]), ("linear", ["embed", "head"])):
        given = {"kind": kind, "frozen": frozen}
        exactly(
            student.ask("bare_counts", **given)["counts"],
            oracle.ask("bare_counts", **given)["counts"],
            what=f"(trainable, all) of a bare model with {frozen or 'nothing'} frozen",
        )


# ---------------------------------------------------------------------------------------------- lora.5


def read_by_peft(oracle, seen, seed, ids):
    """As in the public checks: real PEFT loads the files; its output."""
    for name in ("config", "weights"):
        array(seen[name], dtype="uint8", what=f"the {name} file")
        that(
            0 < len(seen[name].data) <= 2**20, expected="up to 1 MiB", seen="more, or nothing", what=f"the {name} file"
        )
    read = oracle.ask("read_by_peft", kind="linear", seed=seed, ids=ids, config=seen["config"], weights=seen["weights"])
    that(not read["problem"], expected="PEFT loads the files", seen=str(read["problem"]), what="your adapter in PEFT")
    return read["logits"]


def read_back(oracle, seen, seed, ids, expected):
    close(read_by_peft(oracle, seen, seed, ids), expected, rtol=1e-12, what="PEFT's output with your adapter")


@check(
    "lora.5.round_trip",
    points=1,
    title="what you saved, you and PEFT can load, on nn.Linear too",
    hint="a directory may be a str or a Path; not every model has `Conv1D` layers.",
)
def test_adapter_round_trip(student, oracle, inputs):
    ids = inputs.integers("ids", 2, 5, low=0, high=19)
    # one of two layers of the same last name
    narrow = {"targets": ["layers.0.square", "out"], "paths": ["layers.0.square", "layers.0.out", "layers.1.out"]}
    for as_text, targets in ((False, {}), (True, narrow)):
        given = LINEAR | targets | {"seed": inputs.seed, "alpha": 5}
        expected = oracle.ask("adapted", **given, ids=ids)["logits"]
        files = student.ask("saved", **given, as_text=as_text)
        read_back(oracle, files, inputs.seed, ids, expected)
        place = {"config": files["config"], "weights": files["weights"], "as_text": as_text}
        seen = student.ask("loaded", kind="linear", seed=inputs.seed, ids=ids, **place)
        close(seen["logits"], expected, rtol=1e-12, what="the output after save_adapter and load_adapter")
    files = student.ask("saved", **given, dropout=0.5)
    noisy = array(read_by_peft(oracle, files, inputs.seed, ids), array(expected).shape)
    that((noisy != array(expected)).any(), expected="dropout", seen="none", what="your adapter with dropout in PEFT")
    seen = student.ask("saved_dtypes", kind="linear", seed=inputs.seed, targets=["square", "out"], r=3, alpha=5)
    exactly(seen["stored"], seen["held"], what="the dtypes in the file, beside those of A and B in the model,")
    files = oracle.ask("saved", **LINEAR, seed=inputs.seed, alpha=5)
    given = {"kind": "linear", "seed": inputs.seed, "edits": {"use_rslora": True}}
    given |= {"config": files["config"], "weights": files["weights"]}
    expected = oracle.ask("loaded", **given, ids=ids)["logits"]
    read_back(oracle, student.ask("resaved", **given), inputs.seed, ids, expected)  # an rslora adapter of PEFT's


@check(
    "lora.5.dropout",
    points=0.5,
    title="load_adapter honours lora_dropout and the mode of the model",
    hint="the config holds the dropout that the adapter was trained with; a model in eval mode shows none of it.",
)
def test_loads_dropout(student, oracle, inputs):
    files = oracle.ask("saved", **LINEAR, seed=inputs.seed, alpha=5)
    given = {"kind": "linear", "seed": inputs.seed, "config": files["config"], "weights": files["weights"]}
    given |= {"ids": inputs.integers("ids", 2, 5, low=0, high=19)}
    plain = array(student.ask("loaded", **given)["logits"], (2, 5, 19), what="the output without dropout")
    absent = student.ask("loaded", **given, edits={"lora_dropout": None, "use_rslora": None})["logits"]
    close(absent, plain, rtol=1e-12, what="the output where the config names neither dropout nor rslora")
    given |= {"edits": {"lora_dropout": 0.5}}
    calm = student.ask("loaded", **given, training=False)["logits"]
    close(calm, plain, rtol=1e-12, what="the output in eval mode")
    noisy = array(student.ask("loaded", **given, training=True)["logits"], plain.shape, what="the output in train mode")
    that((noisy != plain).any(), expected="dropout at work", seen="the output without dropout", what="train mode")
    adapters = [oracle.ask("saved", **LAST, seed=inputs.seed, alpha=5, size=size) for size in (0.5, 1.0)]
    given |= {"kind": "pair", "edits": {}}
    pairs = [given | {"config": each["config"], "weights": each["weights"]} for each in adapters]
    small, large = (array(oracle.ask("loaded", **asked)["logits"]) for asked in pairs)
    move_like_peft(*(student.ask("loaded", **asked) for asked in pairs), large - small)


@check(
    "lora.5.merged",
    points=1,
    title="a merged model gives the same files and stays merged",
    hint="A and B are still there after a merge; save them, and leave the weights alone.",
)
def test_saved_merged(student, oracle, inputs):
    given = LINEAR | {"seed": inputs.seed, "alpha": 5}
    ids = inputs.integers("ids", 2, 5, low=0, high=19)
    seen = student.ask("saved", **given, merge=True)
    exactly(seen["changes"], [], what="what changed in the merged model")
    read_back(oracle, seen, inputs.seed, ids, oracle.ask("adapted", **given, ids=ids)["logits"])


@check(
    "lora.5.refuses",
    points=1,
    title="what cannot be loaded faithfully is refused with ValueError",
    hint="a model with adapters, and configs with DoRA, biases, patterns or further modules, are not plain LoRA.",
)
def test_refuses(student, oracle, inputs):
    saved = oracle.ask("saved", **GPT2, seed=inputs.seed, alpha=5)
    files = {"config": saved["config"], "weights": saved["weights"]}
    is_value_error(
        student.ask("loads_twice", kind="gpt2", seed=inputs.seed, **files)["raised"], "a second load_adapter"
    )
    refused = [
        {"use_dora": True},
        {"bias": "all"},
        {"rank_pattern": {"c_attn": 2}},
        {"alpha_pattern": {"c_attn": 7}},
        {"modules_to_save": ["ln_f"]},
    ]
    cases = [("gpt2", files, edits) for edits in refused]
    saved = oracle.ask("saved", **LAST, seed=inputs.seed, alpha=5)
    files_of_last = {"config": saved["config"], "weights": saved["weights"]}
    faithful = [{}, {"use_dora": False, "bias": "none", "rank_pattern": {}, "modules_to_save": None}]
    cases += [("pair", files_of_last, edits) for edits in [*faithful, *refused]]
    # Nothing but the files tells what is faithful: whoever cannot load that has not refused the rest.
    for kind, of_kind, edits in shuffled(inputs, cases):
        changed = oracle.ask("changed_files", **of_kind, edits=edits)
        given = {"kind": kind, "seed": inputs.seed, "r": 3, "paths": LAST["paths"] if kind == "pair" else []}
        seen = student.ask("loads", **given, **changed)
        if edits in refused:
            is_value_error(seen["raised"], f"load_adapter with {edits}")
            continue
        exactly(seen["raised"], [], what=f"the exception of load_adapter with {edits}")
        for factor, wanted in zip(seen["factors"], oracle.ask("loads", **given, **changed)["factors"], strict=True):
            close(factor, wanted, rtol=ANCHOR, dtype="any", what="A or B of a loaded adapter")
    cut = oracle.ask("changed_files", **files, damage="the weights file is cut off")
    raised = student.ask("loads", kind="gpt2", seed=inputs.seed, r=3, paths=[], **cut)["raised"]
    that(raised, expected="an exception", seen="none", what="load_adapter with a weights file that is cut off")
