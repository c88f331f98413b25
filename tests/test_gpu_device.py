"""What a workload sees of a device: numbers that are the same everywhere, and the order in which CUDA is asked.

CUDA's own functions are played here: there is no GPU.
"""

import pytest
import torch

from grader.worker import cuda, device


def noise(seed: int, *shape: int, exact: bool = False, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    place = device.Device(torch, "cpu")
    return (place.exact("cpu", 0) if exact else place).noise(seed, *shape, dtype=dtype, size=0.5)


def test_noise_is_even_and_differs_from_seed_to_seed() -> None:
    numbers = noise(7, 200, 50)
    assert (numbers.shape, numbers.dtype) == ((200, 50), torch.float32)
    assert float(numbers.abs().max()) <= 0.5
    assert abs(float(numbers.mean())) < 0.01
    assert abs(float(numbers.std()) - 1 / 12**0.5) < 0.01
    assert len({tuple(noise(seed, 3).tolist()) for seed in (*range(50), 2**60 - 1)}) == 51


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_exact_numbers_are_those_that_were_rounded(dtype: torch.dtype) -> None:
    exact = noise(7, 30, 4, exact=True, dtype=dtype)
    assert exact.dtype == torch.float64
    assert torch.equal(exact, noise(7, 30, 4, dtype=dtype).double())


def test_noise_does_not_depend_on_how_it_is_made(monkeypatch) -> None:
    whole = noise(7, 100, 3)
    monkeypatch.setattr(device, "CHUNK", 64)
    assert torch.equal(noise(7, 100, 3), whole)


def test_known_numbers() -> None:
    """Another machine must make the same."""
    assert [round(float(number), 6) for number in noise(1, 4, dtype=torch.float64)] == KNOWN


KNOWN = [0.30044, 0.454326, -0.018645, -0.377297]


def test_integers_are_below_their_bound() -> None:
    found = device.Device(torch, "cpu").integers(3, 1000, below=7)
    assert (found.dtype, set(found.tolist())) == (torch.int64, set(range(7)))


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """What CUDA is asked, in order."""
    calls: list[str] = []

    class Event:
        def __init__(self, *, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            calls.append("record")

        def synchronize(self) -> None:
            calls.append("event")

        def elapsed_time(self, _: "Event") -> float:
            return 1.5

    sizes = iter([100, 350])
    played = {
        "init": lambda: calls.append("init"), "Event": Event, "synchronize": lambda: calls.append("wait"),
        "reset_peak_memory_stats": lambda: calls.append("forget"), "memory_allocated": lambda: next(sizes),
        "max_memory_allocated": lambda: next(sizes),
    }  # fmt: skip
    for name, function in played.items():
        monkeypatch.setattr(torch.cuda, name, function)
    return calls


def test_clock_stops_when_the_whole_device_is_idle(asked: list[str], monkeypatch) -> None:
    gpu = cuda.open_device()
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: asked.append("replaced by a submission"))
    assert gpu.timed(lambda: asked.append("step")) == (None, 1.5)
    assert asked == ["init", "wait", "record", "step", "wait", "record", "event"]


def test_peak_is_what_a_step_adds(asked: list[str]) -> None:
    gpu = cuda.open_device()
    assert gpu.weighed(lambda: asked.append("step")) == (None, 250.0)
    assert asked == ["init", "wait", "forget", "step", "wait"]
