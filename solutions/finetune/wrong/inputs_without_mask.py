# Calls the model with the ids alone.
# fails: finetune.3.update finetune.3.accumulate finetune.3.groups finetune.3.clip finetune.3.report finetune.3.state finetune.3.classifier finetune.4.weighted finetune.4.quiet finetune.4.epochs finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single finetune.3.defaults finetune.3.loader finetune.3.stale finetune.4.classifier finetune.4.repeated finetune.5.models


def logits_of(model, batch):
    return model(input_ids=batch["input_ids"]).logits
