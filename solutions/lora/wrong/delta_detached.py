# Computes the update under no_grad, as if it were for merging only.
# fails: lora.1.gradient
import torch


@torch.no_grad()
def lora_delta(A, B, alpha, rslora=False):
    return lora_scale(alpha, A.shape[0], rslora) * (B @ A)
