"""Hidden checks."""

from grader.checking import check, close


@check("vectors.2.negative", points=4, title="negative numbers count", hint="think about signs")
def test_negative(student, reference, inputs):
    x = -abs(inputs.array("x", 6))
    close(student.ask("mean", x=x)["mean"], reference.ask("mean", x=x)["mean"], rtol=1e-12)
