# Lets a long warm-up go on after N, as the schedule of transformers does.
# fails: finetune.2.ends finetune.2.table


def lr_factor(step: int, warmup_steps: int, total_steps: int) -> float:
    if step < warmup_steps:
        return step / warmup_steps
    if step >= total_steps:
        return 0.0
    return (total_steps - step) / (total_steps - warmup_steps)
