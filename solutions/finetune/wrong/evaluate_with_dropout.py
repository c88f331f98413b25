# Evaluates in the mode the model is in.
# fails: finetune.4.quiet finetune.4.repeated finetune.4.ties


def evaluate(model: nn.Module, batches: Batches, loss: Loss = lm_loss) -> dict[str, float]:
    modes = [(module, module.training) for module in model.modules()]
    total, targets = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            loss_sum, count = loss(logits_of(model, batch), batch["labels"])
            total += loss_sum.item()
            targets += int(count)
    for module, mode in modes:
        module.training = mode
    mean = total / targets if targets else math.nan
    # math.exp raises OverflowError where torch gives inf
    return {"loss": mean, "perplexity": torch.tensor(mean, dtype=torch.float64).exp().item()}
