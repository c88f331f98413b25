# Passes copies of the batch's entries, positions in memory and all, without a dict comprehension.


def logits_of(model, batch):
    inputs = batch.copy()
    del inputs["labels"]
    output = model(**inputs)
    return output.logits
