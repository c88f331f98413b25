"""Checks of `ptuning.py` on a GPU, for bonus points: `grader check ptuning --gpu on`. Times and sizes are compared.

Answers are compared with exact ones at tolerances of their dtype: bfloat16 has 8 bits, and a gradient comes through all
of the model. A step that leaves out the prompt, or uses an earlier one, is off by its whole size.
"""

from grader.checking import check, that

BFLOAT16 = 0.1  # of the largest number: some dozens of roundings of 0.4 %, in both directions
FLOAT64 = 1e-9
MODEL = {"width": 1024, "layers": 4, "rows": 8, "text": 236, "virtual": 20}
SMALL = {"width": 1024, "layers": 2, "rows": 2, "text": 6, "virtual": 3}
DEEP = SMALL | {"layers": 12}  # a copy of it is more than a driver rounds away


@check(
    "ptuning.2.gpu_place", points=1, title="the model works on a GPU, moved before or after it is wrapped",
    hint="where is the prompt created, and does anything in `forward` make a tensor without saying where?",
)  # fmt: skip
def test_place(student, oracle, gpu):
    for wrapped_first in (False, True):
        for dtype, rtol in (("float64", FLOAT64), ("bfloat16", BFLOAT16)):
            gpu.right(student, oracle, "prompted", rtol=rtol, wrapped_first=wrapped_first, dtype=dtype, **SMALL)


@check(
    "ptuning.2.gpu_time", points=1, title="forward and backward in at most 1.15 times the bare base's time",
    hint="what does the base compute on V + T columns, and what do you compute beside that?",
)  # fmt: skip
def test_time(student, oracle, gpu):
    gpu.time(student, oracle, "prompted", at_most=1.15, rtol=BFLOAT16, than="the bare base's", like="bare", **MODEL)


@check(
    "ptuning.2.gpu_memory", points=1, title="wrapping a base copies none of it",
    hint="which tensors does your `__init__` create?",
)  # fmt: skip
def test_memory(student, oracle, gpu):
    theirs, ours = gpu.peaks(student, oracle, "wrapped", rtol=BFLOAT16, **DEEP)
    # The base has some ten times what PEFT needs for wrapping it and for a few columns of text.
    what = "what wrapping and a forward pass need at most"
    that(theirs <= 3 * ours, expected=f"at most 3 times PEFT's {ours} bytes", seen=f"{theirs} bytes", what=what)
