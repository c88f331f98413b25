"""A device on which float64 is not what it is on the CPU."""

from pathlib import Path

from grader.worker.main import import_file

numpy_device = import_file("numpy_device", Path(__file__).with_name("numpy_device.py"))


class WrongDevice(numpy_device.NumpyDevice):
    def exact(self, place, scale):
        super().exact(place, scale)
        other = WrongDevice()
        other.off = 1.001 if place == "device" else 1.0
        return other

    def fetch(self, answer):
        return super().fetch(answer) * getattr(self, "off", 1.0)


def open_device():
    return WrongDevice()
