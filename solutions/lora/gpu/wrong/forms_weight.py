# Adds the update to the weight in every forward pass, and sends x through the sum.
# fails: lora.2.gpu_time lora.2.gpu_memory lora.4.gpu_memory


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        return nn.functional.linear(x, self.base.weight + self.weight_update(), self.base.bias)
