# Never lets the learning rate fall below a tenth of the full one, as is common in pre-training.
# fails: finetune.6.full finetune.6.prompt


def adapt(model: nn.Module, method: str, batches: Batches, parts: Mapping[str, Callable], seed: int) -> nn.Module:
    torch.manual_seed(seed)
    if method == "full":
        adapted = model
    elif method == "lora":
        adapted = parts["inject_lora"](model, **LORA)
    elif method == "prompt":
        adapted = parts["PtuningModel"](model, VIRTUAL_TOKENS)
    else:
        raise ValueError(f"the method must be full, lora or prompt, not {method!r}")
    recipe = RECIPES[method]
    train(
        adapted,
        batches,
        make_optimizer=lambda groups: torch.optim.AdamW(groups, lr=recipe["lr"]),
        schedule=lambda step, total_steps: max(lr_factor(step, total_steps // 10, total_steps), 0.1 * (step > 0)),
        epochs=recipe["epochs"],
        loss=text_loss,
    )
    adapted.adaptation = (method, model)  # in a tuple: a module of its own would put the base in twice
    return adapted
