# Merges by addmm_ into the weight, with the factor as its alpha.


class LoRALinear(LoRALinear):
    @torch.no_grad()
    def change(self, sign):
        scale = sign * lora_scale(self.alpha, self.r, self.rslora)
        if isinstance(self.base, Conv1D):
            self.base.weight.addmm_(self.A.T, self.B.T, alpha=scale)
        else:
            self.base.weight.addmm_(self.B, self.A, alpha=scale)

    def merge(self):
        if self.merged is False:
            self.change(1)
        self.merged = True

    def unmerge(self):
        if self.merged is True:
            self.change(-1)
        self.merged = False
