# Ignores the warm-up.
# fails: finetune.2.slopes finetune.2.ends finetune.2.table


def lr_factor(step: int, warmup_steps: int, total_steps: int) -> float:
    if step >= total_steps:
        return 0.0
    return (total_steps - step) / total_steps
