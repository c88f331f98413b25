# confusing: answers with something that looks like our report
# wins: nowhere, it only talks
REPORT = {"version": 1, "score": 6.0, "max_score": 6.0, "checks": [{"id": "vectors.1.value", "verdict": "pass"}]}


def scaled(x, factor):
    return REPORT


def mean(x):
    return str(REPORT)
