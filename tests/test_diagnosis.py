"""What a wrong value looks like: each transform where it is alone, and silence where it is not."""

import itertools

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pytest
from hypothesis import assume, given, strategies

from grader.checking.diagnosis import Evidence, explain, quantities_of
from grader.checking.finding import Difference

RNG = np.random.default_rng(5)
WANTED = RNG.normal(size=(4, 4))
WANTED_ROWS = RNG.normal(size=(2, 6))
X, W, BIAS = RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=4)


def looks(seen, expected=WANTED, *, allowed=1e-12, plain=None, arrays=None, repeated=False):
    """What a single wrong value looks like."""
    return explain([evidence(seen, expected, allowed, plain, arrays, repeated)])


def evidence(seen, expected, allowed=1e-12, plain=None, arrays=None, repeated=False):
    """A wrong value where these numbers and arrays were sent."""
    arrays = arrays or {}
    return Evidence(Difference(seen, expected, allowed), quantities_of(plain or {}, arrays), arrays, repeated)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (0 * WANTED, "yours is zero everywhere"),
        (-WANTED, "yours has the opposite sign"),
        (WANTED.T, "yours is the transpose of what is expected"),
        (WANTED[::-1], "yours has the right numbers in reverse order along axis 0"),
        (np.roll(WANTED, 1, 1), "yours is right, but one position too late along axis 1"),
        (np.vstack([WANTED[1:], WANTED[:1] * 0]), "yours is right, but one position too early along axis 0"),
        (WANTED[[2, 0, 3, 1]], "yours has the right numbers in other places"),
        (WANTED * 4, "yours is 4 times what is expected, everywhere"),
        (WANTED / 3, "yours is 0.333333 times what is expected, everywhere"),
        (WANTED + 2, "yours is 2 more than what is expected, everywhere"),
        (WANTED - 0.5, "yours is 0.5 less than what is expected, everywhere"),
        (WANTED.astype(np.float32), "all numbers of yours fit into float32: is a step computed or stored in it?"),
        (WANTED * (1 + 1e-7 * RNG.normal(size=(4, 4))),
         "yours is right to about 7 digits: float32 has so many, float64 has 16"),
        (WANTED + 3 * RNG.normal(size=(4, 4)) * np.array([[1], [0], [0], [0]]),
         "yours is wrong only at the first position along axis 0"),
        (WANTED + 3 * RNG.normal(size=(4, 4)) * np.array([1, 1, 1, 0]),
         "yours is right only at the last position along axis 1"),
        (WANTED + 3 * RNG.normal(size=(4, 4)) * np.array([0, 0, 1, 1]),
         "yours is right up to position 2 along axis 1, and wrong from there on"),
        (WANTED + 3 * RNG.normal(size=(4, 4)) * np.array([[1], [1], [0], [0]]),
         "yours is wrong up to position 2 along axis 0, and right from there on"),
        (np.hstack([WANTED[:, :1], WANTED[:, 2:], WANTED[:, :1]]),
         "yours begins right, but then is one position too early along axis 1"),
    ],
)  # fmt: skip
def test_transform_is_recognised(seen, words):
    assert looks(seen) == words


@pytest.mark.parametrize(
    ("seen", "expected", "words"),
    [
        (X, RNG.normal(size=X.shape), "yours is `x`, as it was given"),
        (X @ W.T + 1, X @ W.T + 1 + BIAS, "yours lacks the term `bias`"),
        (X @ W.T + BIAS + 1 + BIAS, X @ W.T + BIAS + 1, "yours has the term `bias` once too often"),
        (X @ W.T + BIAS, X @ W.T + BIAS + RNG.normal(size=(5, 4)), "yours is `x @ weight.T + bias`, and nothing else"),
        (RNG.normal(size=(5, 4)), None, ""),
    ],
)  # fmt: skip
def test_terms_are_what_was_sent(seen, expected, words):
    expected = seen * RNG.normal(size=seen.shape) if expected is None else expected
    assert looks(seen, expected, arrays={"x": X, "weight": W, "bias": BIAS}) == words


@pytest.mark.parametrize(
    ("seen", "expected", "words"),
    [
        ([294912, 163332096], [294912, 124734720], "yours is wrong only at the last position"),
        ([221184, 124734720], [294912, 124734720], "yours is wrong only at the first position"),
        ([0, 1, 0, 1, 0, 1], [0, 1, 2, 3, 4, 5], "yours is right up to position 2, and wrong from there on"),
        ([3, 1], [3, 2], ""),
        (14, 28, "yours is half of what is expected"),
        (64, 256, "yours is a quarter of what is expected"),
        (1, 2, ""),
        (True, False, ""),
    ],
)
def test_counts_are_numbers_too(seen, expected, words):
    assert looks(seen, expected, allowed=0.0) == words


def test_count_of_what_was_sent_is_named():
    labels = [np.array([[-100, 5, 7], [2, -100, -100]]), np.array([[4, 5, 7], [-100, -100, 1]])]
    tried = [
        evidence(int((one >= 0).sum()), count, arrays={"labels": one})
        for one, count in zip(labels, (2, 3), strict=True)
    ]
    assert explain(tried) == "yours is `(labels >= 0).sum()` (in all 2 failing cases tried)"


def test_place_of_a_change_is_named_by_what_it_follows_from():
    """Right as far as the prompt reaches, however long that is."""
    noise = RNG.normal(size=(2, 6))
    tried = [
        evidence(WANTED_ROWS + noise * (np.arange(6) >= length), WANTED_ROWS, arrays={"prompt": np.ones((length, 5))})
        for length in (2, 3, 4)
    ]
    says = "yours is right up to position `prompt.shape[0]` along axis 1, and wrong from there on"
    assert explain(tried) == f"{says} (in all 3 failing cases tried)"


def test_mask_is_named_where_it_decides():
    mask = np.array([1, 1, 0, 0])
    seen = WANTED + np.where(mask == 0, 1.5, 0.0)[:, None] * RNG.normal(size=(4, 4))
    assert looks(seen, arrays={"mask": mask}) == "yours is wrong only where `mask` is 0"


def test_repeated_answer_is_recognised():
    seen = RNG.normal(size=(4, 4))
    assert looks(seen, repeated=True) == "two different questions on this case have the same answer"


UPDATE = RNG.normal(size=(4, 3))


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (-UPDATE, "what yours adds to `weight` has the opposite sign"),
        (UPDATE * 2.7, "what yours adds to `weight` is `alpha` times what is expected there"),
        (UPDATE / 2.7, "what yours adds to `weight` is 1 / `alpha` times what is expected there"),
        (UPDATE * 1.9, "what yours adds to `weight` is 1.9 times what is expected there"),
        (0 * UPDATE, "yours is `weight`, as it was given"),
    ],
)
def test_what_is_added_to_a_right_term_is_told(update, words):
    assert looks(W + update, W + UPDATE, plain={"alpha": 2.7}, arrays={"weight": W}) == words


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (["a", "c", "b"], "yours has the right entries in another order"),
        (["a", "b"], "all entries of yours are right, but others are missing"),
        (["a", "b", "c", "d"], "yours has all the right entries, and others beside them"),
        (["a", "x", "c"], ""),
        ([], "yours is empty"),
    ],
)
def test_lists_are_compared_by_their_entries(seen, words):
    assert looks(seen, ["a", "b", "c"]) == words


def scaled(cases, factor):
    """Evidence of a factor that is computed from the quantities of each case."""
    values = [RNG.normal(size=3) for _ in cases]
    return [evidence(factor(case) * one, one, plain=case) for case, one in zip(cases, values, strict=True)]


CASES = [{"r": 3, "alpha": 2.7}, {"r": 5, "alpha": 15.9}, {"r": 2, "alpha": 7.1}]


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (lambda case: case["r"], "2 times what is expected: exactly `r`; is a division by it missing"),
        (lambda case: case["alpha"], "7.1 times what is expected: exactly `alpha`; is a division by it missing"),
        (lambda case: 1 / case["r"], "0.5 times what is expected: exactly 1 / `r`"),
        (lambda case: case["r"] ** -0.5, "0.707107 times what is expected: exactly 1 / the square root of `r`"),
        (lambda case: case["alpha"] / case["r"], "3.55 times what is expected: exactly `alpha / r`"),
    ],
)
def test_factor_is_named_by_what_it_always_equals(factor, words):
    said = explain(scaled(CASES, factor))
    assert said.startswith(f"yours is {words}")
    assert said.endswith("(in all 3 failing cases tried)")


def test_factor_that_nothing_equals_is_called_one_factor_only_if_it_is():
    factors = iter([2.3, 3.1, 4.7])
    said = explain(scaled(CASES, lambda _: next(factors)))
    assert said == "yours is right up to a factor, which is 4.7 here (in all 3 failing cases tried)"
    assert explain(scaled(CASES, lambda _: 2.3)).startswith("yours is 2.3 times what is expected, everywhere")


def test_constant_that_a_case_holds_too_is_no_quantity():
    assert "dropout" not in explain(scaled([{"dropout": 0.5}] * 3, lambda _: 2))


def test_one_case_does_not_make_a_small_number_a_quantity():
    assert explain(scaled([{"r": 3}], lambda _: 3)) == "yours is 3 times what is expected, everywhere"
    assert explain(scaled([{"r": 3}] * 4, lambda _: 3)).startswith("yours is 3 times what is expected, everywhere")


def test_what_holds_on_one_case_alone_is_not_said():
    assert explain([evidence(-WANTED, WANTED), evidence(WANTED + BIAS * WANTED, WANTED)]) == ""


def test_two_explanations_are_none():
    symmetric = np.array([[1.0, 2.0], [3.0, 4.0]])
    sent = {"x": symmetric[::-1], "y": symmetric[::-1]}
    assert looks(symmetric[::-1], symmetric, arrays=sent) == ""


def test_two_names_of_a_number_are_one_explanation():
    sent = {"A": np.ones((3, 4)), "B": np.ones((2, 3))}, {"A": np.ones((5, 4)), "B": np.ones((2, 5))}
    cases = [evidence(WANTED * len(one["A"]), WANTED, arrays=one) for one in sent]
    assert "exactly `A.shape[0]`" in explain(cases)


@pytest.mark.parametrize("wrong", [np.inf, np.nan, 1e308])
def test_numbers_beyond_all_bounds_are_no_explanation(wrong):
    assert looks(np.full((4, 4), wrong)) == ""


def test_single_number_has_no_factor():
    assert looks(np.array([2.0]), np.array([1.0])) == ""
    assert looks(0.0, 1.0) == ""


def test_other_dtypes_are_left_alone():
    assert looks(np.array([True, False]), np.array([False, True])) == ""
    assert looks(WANTED * 1j, WANTED * 2j) == ""


def test_rounding_of_the_check_is_no_explanation():
    """A check with a wide tolerance still tells a factor only where it is one."""
    assert looks(WANTED * 2 + 0.01 * RNG.normal(size=(4, 4)), allowed=0.5) == ""


@given(
    arrays_of.arrays(np.float64, (2, 3), elements=strategies.integers(-8, 8).map(lambda n: n / 4)),
    arrays_of.arrays(np.float64, (2, 3), elements=strategies.integers(-8, 8).map(lambda n: n / 4)),
    strategies.integers(2, 5),
)
def test_no_factor_is_claimed_that_is_not_there(seen, expected, r):
    assume((seen != expected).any())
    said = looks(seen, expected, plain={"r": r}, arrays={"x": seen[:, :2] + 1})
    if "times what is expected" in said:
        factor = float(said.split()[2])
        np.testing.assert_allclose(seen, factor * expected, rtol=1e-5, atol=1e-9)
    if "opposite sign" in said:
        assert (seen == -expected).all()
    if "zero" in said:
        assert not seen.any()
    if "more than" in said or "less than" in said:
        assert len({*np.round(seen - expected, 9).flat}) == 1


@given(strategies.integers(0, 2**32 - 1))
def test_noise_is_no_explanation(seed):
    generator = np.random.default_rng(seed)
    seen, expected, x, weight, bias = (generator.normal(size=size) for size in ((5, 4), (5, 4), (5, 3), (4, 3), 4))
    sent = {"x": x, "weight": weight, "bias": bias}
    assert looks(seen, expected, plain={"r": 3, "alpha": 2.7}, arrays=sent) == ""


@given(strategies.permutations(range(4)))
def test_order_of_evidence_matters_only_for_the_numbers_shown(order):
    pieces = scaled([*CASES, {"r": 4, "alpha": 0.3}], lambda case: case["r"])
    said = explain([pieces[index] for index in order])
    assert said.startswith(f"yours is {[3, 5, 2, 4][order[-1]]} times what is expected: exactly `r`")


def test_quantities_have_the_names_that_a_reader_knows():
    found = quantities_of({"r": 3, "flag": True, "name": "x"}, {"x": np.ones(4), "A": np.ones((2, 3))})
    assert found == {"r": 3.0, "len(x)": 4.0, "A.shape[0]": 2.0, "A.shape[1]": 3.0, "A.size": 6.0}
    assert list(itertools.islice(found, 1)) == ["r"]
