# Starts the warm-up at 1 / W instead of 0.
# fails: finetune.2.slopes finetune.2.ends finetune.2.table


def lr_factor(step: int, warmup_steps: int, total_steps: int) -> float:
    if step >= total_steps:
        return 0.0
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return (total_steps - step) / (total_steps - warmup_steps)
