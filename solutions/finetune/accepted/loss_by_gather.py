# Picks the labelled words out of a log-softmax, and counts with a plain int.


def lm_loss(logits, labels):
    targets = labels[:, 1:]
    real = targets != -100
    wide = logits[:, :-1].to(torch.promote_types(logits.dtype, torch.float32))
    picked = wide.log_softmax(-1).gather(-1, targets.clamp(min=0)[..., None]).squeeze(-1)
    return -(picked * real).sum(), int(real.sum())
