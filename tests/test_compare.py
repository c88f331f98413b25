"""The comparison ladder: missing, type, shape, dtype, finite, value; the first difference, in words."""

import numpy as np
import pytest

from grader.checking import array, close, exactly, number, that
from grader.checking.finding import Failed, Finding
from grader.wire import Opaque, Tensor


def tensor(values: object, dtype: str = "float64") -> Tensor:
    return Tensor.of(np.asarray(values, dtype))


def found(compare, *arguments, **options) -> Finding:
    with pytest.raises(Failed) as caught:
        compare(*arguments, **options)
    return caught.value.finding


EXPECTED = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_equal_tensors_are_close():
    close(EXPECTED, EXPECTED, rtol=0)
    exactly(EXPECTED, EXPECTED)


@pytest.mark.parametrize(
    ("seen", "kind", "saw"),
    [
        (None, "type", "None (is a `return` missing?)"),
        (3.0, "type", "3.0"),
        ("text", "type", "'text'"),
        ([1, 2], "type", "[1, 2]"),
        (list(range(99)), "type", "a list of 99 elements"),
        (Opaque("Evil"), "type", "an object of type Evil"),
        (tensor([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]), "shape", "shape (3, 2)"),
        (tensor([1.0]), "shape", "shape (1,)"),
        (tensor(EXPECTED.values, "float32"), "dtype", "float32"),
        (tensor([[1.0, 2.0, 3.0], [4.0, np.nan, 6.0]]), "finite", "nan at [1, 1]"),
        (tensor([[1.0, 2.0, 3.0], [4.0, np.inf, 6.0]]), "finite", "inf at [1, 1]"),
        (tensor([[1.0, 2.0, 3.0], [4.0, 5.5, 7.0]]), "value",
         "[[1.0, 2.0, 3.0], [4.0, 5.5, 7.0]]"),
    ],
)  # fmt: skip
def test_first_difference_is_reported(seen, kind, saw):
    finding = found(close, seen, EXPECTED, rtol=1e-6, what="the output")
    assert (finding.kind, finding.saw) == (kind, saw)
    assert finding.headline.startswith("the output ")


def test_difference_is_placed_and_measured():
    finding = found(close, tensor([[1.0, 2.0, 3.0], [4.0, 5.5, 7.0]]), EXPECTED, rtol=1e-6)
    assert finding.note.split("\n") == [
        "first difference at [1, 1]: expected 5.0, saw 5.5",
        "largest relative error 0.17, allowed 1e-06",
    ]


def test_swapped_axes_are_named():
    assert "axes are swapped" in found(close, tensor(EXPECTED.values.T), EXPECTED, rtol=0).note


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.ones((2, 3)), EXPECTED.values * 1.001, -EXPECTED.values])
def test_loose_tolerance_still_sees_wrong_values(wrong):
    found(close, tensor(wrong), EXPECTED, rtol=1e-4)


def test_error_is_relative_to_the_largest_expected_value():
    close(tensor([1000.0, 0.009]), tensor([1000.0, 0.0]), rtol=1e-5)
    found(close, tensor([1000.0, 0.011]), tensor([1000.0, 0.0]), rtol=1e-5)


def test_scale_replaces_the_largest_expected_value():
    close(tensor([0.009]), tensor([0.0]), rtol=1e-2, scale=1.0)
    found(close, tensor([0.009]), tensor([0.0]), rtol=1e-2)


def test_large_arrays_show_one_element():
    wrong = np.zeros((4, 5))
    wrong[2, 3] = 1.0
    finding = found(close, tensor(wrong), tensor(np.zeros((4, 5))), rtol=0)
    assert (finding.expected, finding.saw) == ("0.0 at [2, 3]", "1.0 at [2, 3]")


def test_dtype_any_is_not_asked_for():
    close(tensor(EXPECTED.values, "float32"), EXPECTED, rtol=0, dtype="any")


def test_dtype_can_be_demanded_of_a_numpy_expectation():
    assert found(close, EXPECTED, EXPECTED.values, rtol=0, dtype="bfloat16").kind == "dtype"


def test_empty_arrays_are_close():
    close(tensor(np.zeros((0, 3))), tensor(np.zeros((0, 3))), rtol=0)


def test_plain_numbers_are_close():
    close(1.0 + 1e-13, 1.0, rtol=1e-12)
    assert found(close, 1.1, 1.0, rtol=1e-12).saw == "1.1"
    assert found(close, True, 1.0, rtol=1e-12).kind == "type"


def test_exactly_asks_for_the_same_type():
    exactly(True, True)
    exactly([1, "a"], [1, "a"])
    for seen in (1, 1.0, "True", None, Opaque("bool")):
        assert found(exactly, seen, True).kind == "value"


def test_exactly_compares_every_element():
    assert found(exactly, tensor([1.0, 2.0 + 1e-15]), tensor([1.0, 2.0])).kind == "value"
    exactly(tensor([np.nan, 0.0]), tensor([np.nan, -0.0]))


def test_array_vets_before_arithmetic():
    assert array(EXPECTED, shape=(2, 3), dtype="float64").sum() == 21.0
    assert found(array, tensor([np.nan])).kind == "finite"
    assert found(array, Opaque("list")).kind == "type"


def test_number_takes_numbers_alone():
    assert number(3) == 3.0
    assert number(tensor(2.5)) == 2.5
    for seen in (True, "3", None, float("nan"), float("inf"), tensor([1.0])):
        found(number, seen)


def test_that_says_both_sides():
    finding = found(that, 1 > 2, expected="a rank of at most 1", seen="rank 2")
    assert (finding.expected, finding.saw) == ("a rank of at most 1", "rank 2")
