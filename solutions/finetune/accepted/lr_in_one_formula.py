# Takes the smaller of the two slopes, cut off at zero.


def lr_factor(step, warmup_steps, total_steps):
    up = step / warmup_steps if warmup_steps else 1
    down = (total_steps - step) / max(1, total_steps - warmup_steps)
    return max(0, min(1, up, down))
