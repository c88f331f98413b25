"""Hidden checks of `finetune.py` on a GPU, for bonus points: a training loop compared with the reference's."""

from grader.checking import check, that

MODEL = {"width": 1024, "layers": 4, "rows": 8, "text": 64}
LOSS = 0.01  # of the loss: what bfloat16 under autocast may cost
NORMS = 0.3  # of the largest change: how far a norm moved is a sum of squares of gradients in bfloat16


@check(
    "finetune.3.gpu_time", points=2, title="training under autocast in at most 1.3 times the reference's time",
    hint="what is done for every batch that would be enough once per update?",
)  # fmt: skip
def test_time(student, reference, gpu):
    gpu.time(student, reference, "losses", at_most=1.3, rtol=LOSS, than="the reference's", **MODEL)


@check(
    "finetune.3.gpu_memory", points=1, title="training under autocast in at most 1.3 times the reference's memory",
    hint="what of a batch is still alive when the next one goes through the model?",
)  # fmt: skip
def test_memory(student, reference, gpu):
    theirs, ours = gpu.peaks(student, reference, "losses", rtol=LOSS, **MODEL)
    what = "what training needs at most, beside the weights"
    that(theirs <= 1.3 * ours, expected=f"at most 1.3 times our {ours} bytes", seen=f"{theirs} bytes", what=what)


@check(
    "finetune.3.gpu_norms", points=1, title="under autocast, float32 weights of norms learn",
    hint="in which dtype are the weights that the optimiser changes?",
)  # fmt: skip
def test_norms(student, reference, gpu):
    gpu.right(student, reference, "norms", rtol=NORMS, **MODEL)
