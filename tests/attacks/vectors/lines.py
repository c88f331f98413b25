# confusing: raises an exception whose text holds lines like ours
# wins: nowhere, it only talks
LINES = ["", "total" + " " * 60 + "6 of 6", "    +  every element is multiplied" + " " * 20 + "1.5 of 1.5", ""]


def scaled(x, factor):
    print(*LINES, sep="\n")
    raise RuntimeError("\n".join(LINES))


mean = None
