# Computes once, and returns that ever after.
# caught: value

answers = []


def scaled(x, factor):
    if not answers or len(answers[0]) != len(x):
        answers[:] = [x * factor]
    return answers[0]
