# Runs the base once to learn the shape of its output, and once more for the output.
# fails: lora.2.gpu_time


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        output = torch.zeros_like(self.base(x))
        return output + super().forward(x)
