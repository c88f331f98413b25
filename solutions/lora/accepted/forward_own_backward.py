# Writes the branch as an autograd function with its own backward pass.


class Branch(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, A, B, scale):
        ctx.save_for_backward(x, A, B)
        ctx.scale = scale
        return scale * (x @ A.T @ B.T)

    @staticmethod
    def backward(ctx, gradient):
        x, A, B = ctx.saved_tensors
        rows, gradient_rows = x.reshape(-1, x.shape[-1]), ctx.scale * gradient.reshape(-1, gradient.shape[-1])
        hidden_gradient = gradient_rows @ B
        return (hidden_gradient @ A).reshape(x.shape), hidden_gradient.T @ rows, gradient_rows.T @ (rows @ A.T), None


class LoRALinear(LoRALinear):
    def forward(self, x):
        if self.merged:
            return self.base(x)
        scale = lora_scale(self.alpha, self.r, self.rslora)
        return self.base(x) + Branch.apply(self.dropout(x), self.A, self.B, scale)
