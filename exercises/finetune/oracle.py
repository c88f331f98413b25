"""The pieces of `finetune.py` for which torch and transformers have a function of their own.

There is no library function to compare a training loop with: `Trainer` divides the loss of GPT-2 by too many
targets (see the README), so its loop is not the definition of a right one. The loop is judged by laws.
"""

import torch
from torch import nn
from transformers.loss.loss_utils import ForCausalLMLoss
from transformers.optimization import get_linear_schedule_with_warmup
from transformers.trainer_pt_utils import get_parameter_names

# What `Trainer.get_decay_parameter_names` passes on.
NO_DECAY = ["bias", "layernorm", "rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]


def lm_loss(logits, labels):
    """By transformers, which computes in float32 whatever the logits are."""
    total = ForCausalLMLoss(logits, labels, vocab_size=logits.shape[-1], num_items_in_batch=1)
    mean = ForCausalLMLoss(logits, labels, vocab_size=logits.shape[-1])
    return total, torch.round(total / mean)


def param_groups(model, weight_decay):
    """By the names that transformers decays."""
    decayed = set(get_parameter_names(model, [nn.LayerNorm], NO_DECAY))
    trainable = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return [
        {"params": [parameter for name, parameter in trainable if name in decayed], "weight_decay": weight_decay},
        {"params": [parameter for name, parameter in trainable if name not in decayed], "weight_decay": 0.0},
    ]


def lr_factor(step, warmup_steps, total_steps):
    """By the schedule of transformers, at a learning rate of 1."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    (factor,) = get_linear_schedule_with_warmup(optimizer, warmup_steps, total_steps).lr_lambdas
    return factor(step)
