# Uses no helper in `forward`; keeps the prompt in a ParameterDict, in the base's own dtype.


class PtuningModel(nn.Module):
    def __init__(self, base_model, num_virtual_tokens=20):
        super().__init__()
        if not num_virtual_tokens > 0:
            raise ValueError(num_virtual_tokens)
        self.base_model, self.num_virtual_tokens = base_model, num_virtual_tokens
        [weight.requires_grad_(False) for weight in base_model.parameters()]
        shape = (num_virtual_tokens, base_model.config.n_embd)
        self.adapters = nn.ParameterDict({"prompt": torch.randn(shape).mul_(0.02).to(base_model.dtype)})

    @property
    def prompt(self):
        return self.adapters["prompt"]

    def forward(self, input_ids, attention_mask=None, labels=None):
        (B, T), V = input_ids.shape, self.num_virtual_tokens
        wte, wpe = self.base_model.transformer.wte, self.base_model.transformer.wpe
        if V + T > wpe.num_embeddings:
            raise ValueError("too long")
        text = wte(input_ids)
        embeds = text.new_zeros(B, V + T, text.shape[-1])
        embeds[:, :V] = embeds[:, :V] + self.prompt
        embeds[:, V:] = text
        real = torch.ones(B, V + T, dtype=torch.bool, device=input_ids.device)
        if attention_mask is not None:
            real[:, V:] = attention_mask == 1
        positions = torch.zeros(B, V + T, dtype=torch.long, device=input_ids.device)
        for row in range(B):
            positions[row, real[row]] = torch.arange(int(real[row].sum()), device=input_ids.device)
        if labels is not None:
            labels = F.pad(labels, (V, 0), "constant", -100)
        return self.base_model(
            inputs_embeds=embeds, attention_mask=real.long(), position_ids=positions, labels=labels, use_cache=False
        )
