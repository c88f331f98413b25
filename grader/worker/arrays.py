"""Arrays between the wire and a framework, on the worker's side.

`Framework.observe` trusts nothing about a value except its exact built-in type: a subclass may lie about
anything it can override.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from grader.wire import ITEM_TYPES, MAX_NAME, Opaque, Tensor, Value


class Framework(Protocol):
    """How arrays look to the code under test."""

    def array(self, tensor: Tensor) -> Any:
        """A fresh, writable array of the framework."""

    def tensor(self, value: object) -> Tensor | Opaque | None:
        """The tensor that an array of the framework holds, None if it is no such array."""

    def seed(self, seed: int) -> None:
        """Seed the framework's global generator."""


class NumpyFramework:
    """Exercises that need no torch."""

    def array(self, tensor: Tensor) -> np.ndarray:
        return tensor.values.copy()

    def tensor(self, value: object) -> Tensor | Opaque | None:
        if not isinstance(value, np.ndarray | np.generic):
            return None
        array = np.asarray(value)
        return Tensor.of(array) if array.dtype.name in ITEM_TYPES else Opaque(f"array of {array.dtype.name}")

    def seed(self, seed: int) -> None:
        np.random.seed(seed % 2**32)


class TorchFramework(NumpyFramework):
    """Arrays reach probes as torch tensors; numpy arrays are understood on the way back."""

    def __init__(self) -> None:
        import torch

        self._torch = torch
        self._names = {getattr(torch, name): name for name in ITEM_TYPES}

    def array(self, tensor: Tensor) -> Any:
        torch = self._torch
        if not tensor.data:
            return torch.empty(tensor.shape, dtype=getattr(torch, tensor.dtype))
        flat = torch.frombuffer(bytearray(tensor.data), dtype=getattr(torch, tensor.dtype))
        return flat.reshape(tensor.shape)

    def tensor(self, value: object) -> Tensor | Opaque | None:
        torch = self._torch
        if not isinstance(value, torch.Tensor):
            return super().tensor(value)
        with torch._C.DisableTorchFunctionSubclass():
            plain = torch.Tensor.detach(torch.Tensor.as_subclass(value, torch.Tensor))
            if plain.device.type != "cpu" or plain.layout != torch.strided or plain.dtype not in self._names:
                return Opaque(f"tensor of {plain.dtype} on {plain.device.type}, {plain.layout}")
            flat = plain.resolve_conj().resolve_neg().contiguous().reshape(-1)
            data = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
            return Tensor(self._names[plain.dtype], tuple(plain.shape), data)

    def seed(self, seed: int) -> None:
        super().seed(seed)
        # `torch.manual_seed` also formats three stack traces, for devices that may wake up later: half a millisecond
        # for each question. Arrays come and go on the CPU, and a worker reaches no other device.
        self._torch.default_generator.manual_seed(seed)


FRAMEWORKS: dict[str, Callable[[], Framework]] = {"numpy": NumpyFramework, "torch": TorchFramework}


def arguments(framework: Framework, value: Value) -> Any:
    """What a probe is called with: a message's value with its tensors as arrays of the framework."""
    match value:
        case Tensor():
            return framework.array(value)
        case list():
            return [arguments(framework, item) for item in value]
        case dict():
            return {key: arguments(framework, item) for key, item in value.items()}
    return value


def observe(framework: Framework, value: object) -> Value:
    """What a probe returned, as a message's value; what cannot travel becomes Opaque and keeps only its name."""
    if value is None or type(value) in (bool, str):
        return value  # type: ignore[return-value]  # narrowed by exact type, which mypy does not follow
    if type(value) is int:
        return value if value.bit_length() <= 63 else Opaque("int beyond 64 bits")
    if type(value) is float:
        return value
    if type(value) in (list, tuple):
        return [observe(framework, item) for item in value]  # type: ignore[attr-defined]
    if type(value) is dict and all(type(key) is str and not key.startswith("$") for key in value):
        return {key: observe(framework, item) for key, item in value.items()}
    tensor = framework.tensor(value)
    return Opaque(type(value).__name__[:MAX_NAME]) if tensor is None else tensor
