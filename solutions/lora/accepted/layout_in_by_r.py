# Stores A as (in, r) and B as (r, out), for row vectors, and turns them around for the file.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        A, B = self.A.data, self.B.data
        del self.A, self.B
        self.down = nn.Parameter(A.T.contiguous())
        self.up = nn.Parameter(B.T.contiguous())

    A = property(lambda self: self.down.T)
    B = property(lambda self: self.up.T)

    def forward(self, x):
        if self.merged:
            return self.base(x)
        return self.base(x) + lora_scale(self.alpha, self.r, self.rslora) * (self.dropout(x) @ self.down @ self.up)


def save_file(tensors, path, inner=save_file):
    inner({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
