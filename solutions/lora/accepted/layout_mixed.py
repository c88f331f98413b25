# Stores A as (in, r) and B as (out, r), so that the rank is the last axis of both.


class LoRALinear(LoRALinear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        A = self.A.data
        del self.A
        self.thin = nn.Parameter(A.T.clone(memory_format=torch.contiguous_format))

    A = property(lambda self: self.thin.T)


def save_file(tensors, path, inner=save_file):
    inner({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
