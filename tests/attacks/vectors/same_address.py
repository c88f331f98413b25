# replaying: answers by the address of the input with what it saw there before
# wins: nowhere, every input is made anew
SEEN = {}


def scaled(x, factor):
    answer = SEEN.get(id(x))
    SEEN[id(x)] = x.copy()
    return answer


def mean(x):
    return None
