"""The hidden checks of `finetune`: whole trajectories against the reference, and the edges of the specification.

Tolerances of trajectories are relative to the size of the whole movement. Legal loops differ from the reference by
less than a third of them: by eps in the clip (6e-7), by the order of decay and moments in AdamW (7e-5).
"""

import numpy as np

from exercises.finetune.test_finetune import comes_of_training, follows_gradient, judges, sentences, sorts_or_schedules
from grader.checking import array, cases, check, close, distinct_sizes, exactly, integers, number, that

# Ragged rows, left and right padding, and with groups of 3 a short last group.
LENGTHS = [[5, 3], [-4, 6], [2], [4, 2, -6], [3, 7], [-5, 6], [7, -3]]
TRAINING = {"lengths": LENGTHS, "accumulation": 3, "epochs": 2}
FACTORS = [0.5, 1.0, 0.8, 0.6, 0.4, 0.2]


def limit_now_and_then(reference, **asked):
    """A norm that clips some updates of a run and leaves others alone: both kinds of mistake must show."""
    still = asked | {"epochs": 1, "factors": [0.0], "max_grad_norm": None}
    norms = [np.linalg.norm(array(gradient)) for gradient in reference.ask("updates", **still)["gradients"]]
    for limit in (0.8 * norms[0], np.mean(sorted(norms)[:2]), np.mean(sorted(norms)[-2:])):
        seen = reference.ask("updates", **asked | {"max_grad_norm": float(limit)})["gradients"]
        clipped = sum(np.linalg.norm(array(gradient)) > 0.999 * limit for gradient in seen)
        if 0 < clipped < len(seen):
            break
    return float(limit)


def same_gradients(seen, expected, rtol):
    exactly(len(seen["gradients"]), len(expected), what="the number of updates")
    for gradient, wanted in zip(seen["gradients"], expected, strict=True):
        close(gradient, wanted, rtol=rtol, dtype="float64", what="a gradient")


def same_path(seen, expected, rtol, dtype="float64"):
    exactly(seen["missing"], [], what="the parameters without a gradient")
    path = array(expected["weights"])
    size = float(np.abs(path - path[0]).max())
    close(seen["weights"], path, rtol=rtol, scale=size, dtype=dtype, what="the weights at every update")
    losses = seen["losses"]
    that(
        isinstance(losses, list) and len(losses) == len(expected["losses"]), expected="as many losses as updates",
        seen=repr(losses)[:80], what="the losses",
    )  # fmt: skip
    for loss, wanted in zip(losses, expected["losses"], strict=True):
        close(number(loss, what="a loss"), wanted, rtol=rtol, what="a loss")


# ------------------------------------------------------------------------------------------ finetune.1


@check(
    "finetune.1.reference", points=1, title="sum, count and gradient are those of a loss in full precision",
    hint="float64 logits keep float64 all the way: look for `.float()`, and for a shift in one place only.",
)  # fmt: skip
@cases(sizes=distinct_sizes(3, 2, 7), examples=10)
def test_loss_reference(student, reference, inputs, sizes):
    rows, tokens, words = sizes
    labels = inputs.integers("labels", rows, tokens, low=-words, high=words)
    labels[labels < 0] = -100
    given = {"logits": inputs.normal("logits", rows, tokens, words, scale=4.0), "labels": labels}
    seen, expected = student.ask("loss_gradient", **given), reference.ask("loss_gradient", **given)
    close(seen["sum"], expected["sum"], rtol=1e-12, what="the sum")
    close(seen["count"], number(expected["count"]), rtol=0, scale=1, dtype="any", what="the count")
    close(seen["gradient"], expected["gradient"], rtol=1e-10, what="the gradient")


@check(
    "finetune.1.masked", points=0.5, title="a row without targets changes nothing in a batch",
    hint="count targets after the shift, over the whole batch: rows are no unit of the loss.",
)  # fmt: skip
def test_loss_masked_row(student, reference, inputs):
    logits = inputs.normal("logits", 3, 5, 4)
    labels = inputs.integers("labels", 3, 5, low=0, high=4)
    labels[1] = -100
    labels[2, 1:] = -100  # its only label is nobody's target
    seen = student.ask("loss", logits=logits, labels=labels)
    alone = reference.ask("loss", logits=logits[:1], labels=labels[:1])
    close(seen["sum"], alone["sum"], rtol=1e-12, what="the sum")
    close(seen["count"], 4, rtol=0, dtype="any", what="the count")


# ------------------------------------------------------------------------------------------ finetune.2


@check(
    "finetune.2.zero_decay", points=0.5, title="groups are right without weight decay, too",
    hint="with `weight_decay=0.0` the same parameters are there, all of them with 0.0.",
)  # fmt: skip
def test_groups_without_decay(student, oracle, reference, inputs):
    for kind in ("zoo", "gpt2"):
        asked = {"kind": kind, "weight_decay": 0.0, "seed": inputs.seed}
        seen, expected = student.ask("groups", **asked), reference.ask("groups", **asked)
        exactly(seen["trainable"], expected["trainable"], what="the groups")
    sorts_or_schedules(student, oracle, inputs)


@check(
    "finetune.2.table", points=0.5, title="the schedule is right for many lengths, far past the end, too",
    hint="compare s with N first, then with W.",
)  # fmt: skip
@cases(warmup=integers(0, 40), total=integers(1, 40), examples=15)
def test_factor_table(student, reference, warmup, total):
    asked = {"steps": [*range(0, 45, 3), total, total - 1, warmup, 1000], "warmup_steps": warmup, "total_steps": total}
    seen, expected = student.ask("factors", **asked), reference.ask("factors", **asked)
    for value, wanted in zip(seen["factors"], expected["factors"], strict=True):
        close(number(value, what="a factor"), wanted, rtol=1e-9, scale=1, what="a factor")


# ------------------------------------------------------------------------------------------ finetune.3


@check(
    "finetune.3.sgd", points=2, title="a whole run with SGD ends where it should, update by update",
    hint="ragged rows, short groups, a clip that fires now and then: which of the laws above fails first?",
)  # fmt: skip
def test_sgd_path(student, reference, inputs):
    asked = TRAINING | {"seed": inputs.seed, "lr": 0.02, "factors": FACTORS, "options": {"momentum": 0.5}}
    asked["max_grad_norm"] = limit_now_and_then(reference, **asked)
    same_path(student.ask("updates", **asked), reference.ask("updates", **asked), rtol=1e-5)  # floor: 6e-7


@check(
    "finetune.3.adamw", points=2, title="a whole run with AdamW ends where it should, update by update",
    hint="AdamW hides the size of a gradient, but not its direction: is every group's mean the right one?",
)  # fmt: skip
def test_adamw_path(student, reference, inputs):
    asked = TRAINING | {"seed": inputs.seed, "lr": 0.01, "factors": FACTORS, "optimizer": "adamw"}
    asked["max_grad_norm"] = limit_now_and_then(reference, **asked)
    same_path(student.ask("updates", **asked), reference.ask("updates", **asked), rtol=3e-4)  # floor: 7e-5


@check(
    "finetune.3.bert", points=1, title="a whole run of a BERT classifier ends where it should",
    hint="the count is a plain int here, and a batch has one more entry than that of a language model.",
)  # fmt: skip
def test_bert_path(student, reference, inputs):
    asked = TRAINING | {"seed": inputs.seed, "lr": 0.01, "factors": FACTORS, "optimizer": "adamw"}
    asked["max_grad_norm"] = limit_now_and_then(reference, kind="bert", **asked)
    same_path(student.ask("classifier", **asked), reference.ask("classifier", **asked), rtol=3e-4)


@check(
    "finetune.3.single", points=0.5, title="float32 training is as right as float32 can be",
    hint="stay in the dtype of the model: no half precision, no detour.",
)  # fmt: skip
def test_float32_path(student, reference, inputs):
    asked = TRAINING | {"seed": inputs.seed, "lr": 0.02, "factors": FACTORS, "dtype": "float32", "epochs": 1}
    asked["max_grad_norm"] = None  # which side of a limit a gradient is on is no matter of precision
    seen, expected = student.ask("updates", **asked), reference.ask("updates", **asked)
    same_path(seen, expected, rtol=1e-3, dtype="float32")


@check(
    "finetune.3.defaults", points=0.5, title="without arguments: one epoch, no accumulation, norm 1, lm_loss",
    hint="the defaults of the signature are part of the specification.",
)  # fmt: skip
def test_defaults(student, oracle, inputs):
    asked = {"lengths": LENGTHS[:3], "seed": inputs.seed, "default_loss": True}
    seen = student.ask("updates", factors=[0.0], **asked)
    joined = student.ask("joined_gradients", groups=[[0], [1], [2]], **asked)["gradients"]
    gradients = [array(gradient, what="a gradient of `lm_loss`") for gradient in joined]
    norms = [float(np.linalg.norm(gradient)) for gradient in gradients]
    that(max(norms) > 0, expected="gradients that are not zero", seen="zeros", what="`lm_loss`")
    clipped = [gradient / max(1.0, norm) for gradient, norm in zip(gradients, norms, strict=True)]
    same_gradients(seen, clipped, rtol=1e-5)
    follows_gradient(student, oracle, inputs)


@check(
    "finetune.3.loader", points=0.5, title="batches come from an iterator that starts anew in each epoch",
    hint="a loader has a length and an iterator, no index; it may shuffle between epochs.",
)  # fmt: skip
def test_loader(student, reference, inputs):
    asked = {"lengths": LENGTHS[:5], "seed": inputs.seed, "accumulation": 2, "epochs": 3, "factors": [0.0]}
    seen, expected = (judged.ask("loader", max_grad_norm=None, **asked) for judged in (student, reference))
    exactly(seen["epochs"], 3, what="how often the batches were iterated")
    same_gradients(seen, [array(gradient) for gradient in expected["gradients"]], rtol=1e-10)


@check(
    "finetune.3.stale", points=0.5, title="gradients of frozen parameters have no say in the clip",
    hint="clip what the optimiser holds: a frozen parameter may carry an old gradient.",
)  # fmt: skip
def test_stale_frozen(student, reference, inputs):
    asked = {"lengths": LENGTHS[:2], "seed": inputs.seed, "factors": [0.0], "max_grad_norm": 1.0}
    seen = student.ask("surroundings", stale=3.0, stale_frozen=50.0, **asked)
    expected = reference.ask("surroundings", **asked)
    same_gradients(seen, [array(gradient) for gradient in expected["gradients"]], rtol=1e-5)
    exactly(seen["frozen_changed"], [], what="the frozen parameters that moved")


# ------------------------------------------------------------------------------------------ finetune.4


@check(
    "finetune.4.classifier", points=0.5, title="a classifier is evaluated by its own loss, weighted by rows",
    hint="the loss and its count come from the `loss` that `evaluate` is given.",
)  # fmt: skip
def test_evaluate_classifier(student, reference, inputs):
    asked = {"lengths": LENGTHS, "seed": inputs.seed, "kind": "bert"}
    seen, expected = (student.ask("evaluation", **asked)["result"], reference.ask("evaluation", **asked)["result"])
    that(isinstance(seen, dict) and {"loss", "perplexity"} <= set(seen), expected="a dict", seen=repr(seen)[:80])
    close(number(seen["loss"], what="the loss"), expected["loss"], rtol=1e-10, what="the loss")


@check(
    "finetune.4.repeated", points=0.5, title="two evaluations of a model in train mode agree",
    hint="dropout is off while evaluating, in every module.",
)  # fmt: skip
def test_evaluate_twice(student, reference, inputs):
    asked = {"lengths": LENGTHS[:3], "seed": inputs.seed}
    seen, expected = student.ask("quiet", **asked), reference.ask("quiet", **asked)
    for name in ("result", "again"):
        that(isinstance(seen[name], dict) and "loss" in seen[name], expected="a dict", seen=repr(seen[name])[:80])
        close(number(seen[name]["loss"], what="the loss"), expected[name]["loss"], rtol=1e-10, what="the loss")


@check(
    "finetune.4.ties", points=1, title="of equally good epochs the first one wins, buffers included",
    hint="compare with <, keep buffers with the weights, and give the very first evaluation a chance.",
)  # fmt: skip
def test_fit_ties(student, oracle, inputs):
    asked = {"seed": inputs.seed, "lengths": LENGTHS[:3], "eval_lengths": LENGTHS[3:], "lr": 0.02, "epochs": 3}
    # Two epochs are equally good, then the last is the best one; each has as many updates as batches by default.
    best_epoch(student, 2, asked | {"factors": [1.0, 1.0, 0.0, 0.0, -1.0, -1.0], "accumulation": 2})
    best_epoch(student, 3, asked | {"factors": [1.0]})
    best_epoch(student, 3, asked | {"factors": [-1.0], "default_loss": True})
    judges(student, oracle, inputs)


def best_epoch(student, updates, asked):
    """Fail unless `fit` finds the best of its own evaluations, after epochs of so many updates, and goes back to it."""
    seen = student.ask("fitting", **asked)
    result = seen["result"]
    that(isinstance(result, dict) and "evaluations" in result, expected="a dict", seen=repr(result)[:80])
    evaluations = result["evaluations"]
    that(isinstance(evaluations, list) and len(evaluations) == 3, expected="3 evaluations", seen=repr(evaluations)[:80])
    for each in evaluations:
        that(isinstance(each, dict) and "loss" in each, expected="a dict with `loss`", seen=repr(each)[:80])
    losses = [number(each["loss"], what="an evaluation loss") for each in evaluations]
    that(len(set(losses)) > 1, expected="losses that change", seen=str(losses), what="the evaluation of 3 epochs")
    best = int(np.argmin(losses))
    exactly(result.get("best_epoch"), best, what="`best_epoch`")
    weights = array(seen["weights"], what="the weights after each update")
    exactly(len(weights), 3 * updates, what="the calls of the caller's `on_step`")
    last = updates * (best + 1) - 1
    exactly(seen["final"], weights[last], what="the weights in the end")
    exactly(seen["final_buffer"], seen["buffers"][last], what="the buffer in the end")


# ------------------------------------------------------------------------------------------ finetune.5


@check(
    "finetune.5.models", points=1.5, title="the report is right for GPT-2 and BERT, dropout masks included",
    hint="each storage once, with all of its bytes, as long as no parameter or buffer lives in it.",
)  # fmt: skip
def test_cost_models(student, reference, inputs):
    for setting in [
        {"lengths": [5, 3], "training": True, "dropout": 0.25, "layers": 2},
        {"lengths": [2, -6, 4], "tied": False, "dtype": "float64"},
        {"lengths": [4, 7, 3], "kind": "bert"},
    ]:
        asked = setting | {"seed": inputs.seed}
        seen, expected = (student.ask("model_cost", **asked)["report"], reference.ask("model_cost", **asked)["report"])
        that(isinstance(seen, dict) and set(seen) == set(expected), expected="a report", seen=repr(seen)[:80])
        for name, value in expected.items():
            if name == "saved_bytes":
                close(number(seen[name], what=name), value, rtol=0.01, what=name)
            else:
                exactly(seen[name], value, what=name)


# ------------------------------------------------------------------------------------------ finetune.6


@check(
    "finetune.6.others", points=1, title="adapters learn another new map, and come off again",
    hint="nothing in `adapt` may depend on the sentences it is given.",
)  # fmt: skip
def test_other_maps(student, oracle, inputs):
    new, known = sentences(9, 2), sentences(5, 10)
    asked = {"method": "lora", "ids": new, "seed": inputs.seed, "asked": {"new": new}, "off": known}
    seen = student.ask("adaptation", **asked)
    logits = array(seen["new"], (len(new), 32), what="the adapted logits")
    accuracy = float((logits.argmax(-1) == new[:, -1]).mean())
    that(accuracy >= 0.8, expected="at least 0.8", seen=f"{accuracy:.2f}", what="the accuracy")
    exactly(seen["off"], array(oracle.ask("base_answers", ids=known)["logits"]), what="the logits with the adapter off")
    comes_of_training(seen, oracle, "lora", asked["asked"])


@check(
    "finetune.6.method", points=0.5, title="an unknown method raises ValueError",
    hint="there are three methods; say so when another one is asked for.",
)  # fmt: skip
def test_unknown_method(student, inputs):
    student.must_raise("ValueError", "unknown_method", ids=sentences(9, 2), seed=inputs.seed)
