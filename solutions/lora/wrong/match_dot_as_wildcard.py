# Puts the target into a regular expression without escaping its dots.
# fails: lora.4.unknown
import re


def matches(name, target):
    return re.fullmatch(rf"(.*\.)?{target}", name) is not None
