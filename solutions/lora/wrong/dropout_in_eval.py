# Calls F.dropout without training=self.training, which drops in eval mode too.
# fails: lora.2.dropout lora.4.options lora.5.dropout
import torch.nn.functional as F


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + scale * (F.dropout(x, self.dropout.p) @ self.A.T @ self.B.T)
