"""Public checks."""

from grader.checking import cases, check, close, integers, sampled_from


@check("vectors.1.value", points=1.5, title="every element is multiplied by the factor", hint="look at one element")
@cases(examples=10, n=integers(1, 5), factor=sampled_from([2.0, -3.0, 0.5]))
def test_value(student, oracle, inputs, n, factor):
    x = inputs.array("x", n)
    seen = student.ask("scaled", x=x, factor=factor)
    expected = oracle.ask("scaled", x=x, factor=factor)
    close(seen["y"], expected["y"], rtol=1e-12)  # one product: equal up to rounding


@check("vectors.1.fresh", points=0.5, title="a factor of one changes nothing", hint="what is 1 times x?")
def test_fresh(student, inputs):
    x = inputs.array("x", 3)
    close(student.ask("scaled", x=x, factor=1.0)["y"], x, rtol=0)


@check("vectors.2.value", points=3, title="the mean is the sum over the number of elements", hint="divide by n")
@cases(examples=10, n=integers(1, 5))
def test_mean(student, oracle, inputs, n):
    x = inputs.array("x", n)
    close(student.ask("mean", x=x)["mean"], oracle.ask("mean", x=x)["mean"], rtol=1e-12)


@check("vectors.2.empty", points=1, title="no elements are a ValueError", hint="what would you divide by?")
def test_empty(student, inputs):
    student.must_raise("ValueError", "mean", x=inputs.array("x", 0))
