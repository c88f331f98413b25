# Reaches zero at N - 1, so that the last update does nothing.
# fails: finetune.2.slopes finetune.2.ends finetune.2.table


def lr_factor(step: int, warmup_steps: int, total_steps: int) -> float:
    if step >= total_steps:
        return 0.0
    if step < warmup_steps:
        return step / warmup_steps
    return (total_steps - 1 - step) / max(1, total_steps - 1 - warmup_steps)
