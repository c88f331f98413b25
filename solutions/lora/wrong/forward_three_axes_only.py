# Unpacks x as (batch, tokens, features) and meets any other shape with an error.
# fails: lora.2.starts_as_base lora.2.formula lora.2.rslora lora.2.gradients lora.2.frozen lora.2.shares_base lora.2.dropout lora.2.dtypes lora.2.flops lora.2.independent lora.2.round_trip lora.2.device lora.2.edges lora.3.exact lora.3.invisible lora.3.square lora.3.unmerge lora.3.repeated lora.3.modes lora.3.drift lora.3.trainable lora.3.instances lora.3.base_update


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        batch, tokens, _ = x.shape
        scale = lora_scale(self.alpha, self.r, self.rslora)
        update = self.dropout(x).reshape(batch * tokens, -1) @ self.A.T @ self.B.T
        return self.base(x) + scale * update.reshape(batch, tokens, -1)
