# Evaluates by `lm_loss` whatever `loss` is.
# fails: finetune.4.weighted finetune.4.quiet finetune.4.edges finetune.4.epochs finetune.4.classifier finetune.4.repeated


def evaluate(model: nn.Module, batches: Batches, loss: Loss = lm_loss) -> dict[str, float]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    total, targets = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            loss_sum, count = lm_loss(logits_of(model, batch), batch["labels"])
            total += loss_sum.item()
            targets += int(count)
    for module, mode in modes:
        module.training = mode
    mean = total / targets if targets else math.nan
    # math.exp raises OverflowError where torch gives inf
    return {"loss": mean, "perplexity": torch.tensor(mean, dtype=torch.float64).exp().item()}
