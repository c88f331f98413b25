"""Checks of `finetune.py` on a GPU, for bonus points: `grader check finetune --gpu on`.

There is no library function to compare a training loop with, so its times and sizes are compared with the reference,
by the hidden checks.
"""

from grader.checking import check

BATCH = {"rows": 5, "text": 33}


@check(
    "finetune.1.gpu_place", points=1, title="the loss is right on a GPU, in float32 and in bfloat16",
    hint="does anything in `lm_loss` make a tensor without saying where?",
)  # fmt: skip
def test_loss(student, oracle, gpu):
    for dtype in ("float32", "bfloat16"):
        # In either case a sum in float32, and so is the oracle's: bfloat16 was rounded before.
        gpu.right(student, oracle, "lossy", rtol=1e-5, dtype=dtype, **BATCH)
