"""Checks of `lora.py` on a GPU, for bonus points: `grader check lora --gpu on`. Times and sizes are compared.

Answers are compared with exact ones at tolerances of their dtype: bfloat16 has 8 bits, and the sums here go through a
few roundings. A step that leaves out work, or uses a merged weight of earlier A and B, is off by its whole size.
"""

from grader.checking import check, that

BFLOAT16 = 0.04  # of the largest number: a few roundings of 0.4 % each
FLOAT32, FLOAT64 = 1e-3, 1e-9
# Each step has to take about a millisecond on the fastest device, or the grader's own clock has nothing to say of it.
BLOCK = {"d": 4096, "hidden": 16384, "r": 16, "rows": 1024, "alpha": 8}
FORWARD = {"d": 2048, "hidden": 8192, "r": 16, "rows": 16384, "alpha": 8}
# One (out, in) matrix is 256 MiB: more than a driver rounds away, whatever is reported.
LARGE = {"d": 4096, "hidden": 32768, "r": 8, "rows": 64, "alpha": 8}
SMALL = {"d": 24, "hidden": 40, "r": 3, "rows": 7, "alpha": 5}
STACK = {"d": 4096, "layers": 2, "r": 2, "rows": 64, "alpha": 4}


@check(
    "lora.2.gpu_place", points=1, title="a layer works on a GPU, moved before or after it wraps its base",
    hint="where are A and B created, and does anything in `forward` make a tensor without saying where?",
)  # fmt: skip
def test_place(student, oracle, gpu):
    for wrapped_first in (False, True):
        for dtype, rtol in (("float64", FLOAT64), ("bfloat16", BFLOAT16)):
            gpu.right(student, oracle, "placed", rtol=rtol, wrapped_first=wrapped_first, dtype=dtype, **SMALL)


@check(
    "lora.2.gpu_time", points=2, title="unmerged: forward and backward in at most 1.25 times PEFT's time",
    hint="which products have the shape (out, in)? None is needed, in neither direction.",
)  # fmt: skip
def test_time(student, oracle, gpu):
    gpu.time(student, oracle, "block", at_most=1.25, rtol=BFLOAT16, than="PEFT's", **BLOCK)


@check(
    "lora.2.gpu_memory", points=2, title="unmerged: a step makes nothing of the shape (out, in)",
    hint="multiply x by A first: what comes out has r columns.",
)  # fmt: skip
def test_memory(student, oracle, gpu):
    theirs, ours = gpu.peaks(student, oracle, "large", rtol=BFLOAT16, **LARGE)
    # One (out, in) matrix is some ten times what PEFT's step needs of a layer as large as this.
    what = "what a step needs at most, beside the weights"
    that(theirs <= 4 * ours, expected=f"at most 4 times PEFT's {ours} bytes", seen=f"{theirs} bytes", what=what)


@check(
    "lora.3.gpu_time", points=1, title="merged: forward in at most 1.05 times the bare layer's time",
    hint="what is left to compute once the weight holds the update?",
)  # fmt: skip
def test_merged_time(student, oracle, gpu):
    gpu.time(student, oracle, "merged", at_most=1.05, rtol=BFLOAT16, than="the bare layer's", like="bare", **FORWARD)


@check(
    "lora.4.gpu_memory", points=1, title="an update needs no gradients or moments of frozen weights",
    hint="what does autograd keep a gradient for, and what does AdamW keep moments for?",
)  # fmt: skip
def test_update_memory(student, oracle, gpu):
    theirs, ours = gpu.peaks(student, oracle, "update_of_adapters", rtol=FLOAT32, like="update_of_everything", **STACK)
    # Gradients and two moments of every weight are what full fine-tuning needs here, but for a few rows of activations.
    what = "what an update needs at most, beside the weights"
    that(
        theirs <= 0.1 * ours,
        expected=f"at most a tenth of the {ours} bytes of full fine-tuning",
        seen=f"{theirs} bytes",
        what=what,
    )
