# Leaves half of its work on another stream, for which it does not wait.
# caught: slow

side = None


class LoRALinear(LoRALinear):
    def forward(self, x):
        global side
        side = side or torch.cuda.Stream()
        with torch.cuda.stream(side), torch.no_grad():
            for _ in range(2):
                self.left = x.detach() @ self.base.weight.T
        return super().forward(x)
