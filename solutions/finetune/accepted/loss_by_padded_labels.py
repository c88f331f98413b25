# Shifts the labels and leaves the logits whole, as transformers does: the last position has no target.


def lm_loss(logits, labels):
    shifted = nn.functional.pad(labels, (0, 1), value=-100)[:, 1:]
    if logits.dtype.itemsize < 4:
        logits = logits.float()
    total = nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), shifted.reshape(-1), reduction="sum")
    return total, shifted.ne(-100).sum()
