# Makes room for the whole update in every forward pass, and then computes it in another way.
# fails: lora.2.gpu_memory lora.4.gpu_memory


class LoRALinear(LoRALinear):
    def forward(self, x):
        room = torch.empty_like(self.base.weight)
        update = super().forward(x)
        del room
        return update
