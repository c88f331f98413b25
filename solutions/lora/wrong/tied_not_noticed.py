# Wraps a layer whose weight is the embedding's too.
# fails: lora.4.tied


def is_tied(model, weight):
    return False
