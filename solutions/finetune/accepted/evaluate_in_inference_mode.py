# Evaluates in inference mode, adds up in float64 tensors, and restores modes by name, also after an error.


def evaluate(model, batches, loss=lm_loss):
    modes = {name: module.training for name, module in model.named_modules()}
    total, targets = torch.zeros((), dtype=torch.float64), 0
    try:
        model.eval()
        with torch.inference_mode():
            for batch in batches:
                inputs = {key: batch[key] for key in batch.keys() - {"labels"}}
                loss_sum, count = loss(model(**inputs).logits, batch["labels"])
                total += loss_sum
                targets += int(count)
    finally:
        for name, module in model.named_modules():
            module.training = modes[name]
    if targets == 0:
        return {"perplexity": float("nan"), "loss": float("nan")}
    mean = float(total) / targets
    try:
        return {"perplexity": math.exp(mean), "loss": mean}
    except OverflowError:
        return {"perplexity": float("inf"), "loss": mean}
