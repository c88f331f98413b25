# Matches by a regular expression with the target escaped.
import re


def matches(name, target):
    return re.fullmatch(rf"(?:.+\.)?{re.escape(target)}", name) is not None
