# Takes an unknown method for full fine-tuning.
# fails: finetune.6.method


def adapt(model: nn.Module, method: str, batches: Batches, parts: Mapping[str, Callable], seed: int) -> nn.Module:
    torch.manual_seed(seed)
    adapted = model
    if method == "lora":
        adapted = parts["inject_lora"](model, **LORA)
    elif method == "prompt":
        adapted = parts["PtuningModel"](model, VIRTUAL_TOKENS)
    recipe = RECIPES.get(method, RECIPES["full"])
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
