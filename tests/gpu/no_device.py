"""A device that is not there."""


def open_device():
    raise RuntimeError("no CUDA-capable device is detected")
