# Trains everything where LoRA was asked for.
# fails: finetune.6.lora finetune.6.others


def adapt(model: nn.Module, method: str, batches: Batches, parts: Mapping[str, Callable], seed: int) -> nn.Module:
    torch.manual_seed(seed)
    if method == "full":
        adapted = model
    elif method == "lora":
        adapted = model
    elif method == "prompt":
        adapted = parts["PtuningModel"](model, VIRTUAL_TOKENS)
    else:
        raise ValueError(f"the method must be full, lora or prompt, not {method!r}")
    recipe = RECIPES[method]
    train(
        adapted,
        batches,
        make_optimizer=lambda groups: torch.optim.AdamW(groups, lr=recipe["lr"]),
        schedule=lambda step, total_steps: lr_factor(step, total_steps // 10, total_steps),
        epochs=recipe["epochs"],
        loss=text_loss,
    )
    adapted.adaptation = (method, model)  # in a tuple: a module of its own would put the base in twice
    return adapted
