"""Which characters a report's text may have in forms that other programs read."""

import re

# Everything that XML 1.0 cannot hold, not even escaped: controls, which terminals obey, and halves of characters.
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """The text with a question mark for each character that is none."""
    return ILLEGAL.sub("?", text)
