# Builds the encoder as one chain of modules.


class Steps(nn.LSTM):
    def forward(self, x):
        return super().forward(x.unsqueeze(1))[0].squeeze(1)


class PromptEncoder(nn.Module):
    def __init__(self, num_virtual_tokens, hidden_size, encoder_hidden_size, kind="mlp"):
        super().__init__()
        V, d, h = num_virtual_tokens, hidden_size, encoder_hidden_size
        if V <= 0:
            raise ValueError("no virtual tokens")
        chains = {
            "mlp": lambda: [nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, d)],
            "lstm": lambda: [
                Steps(d, h, 2, bidirectional=True),
                nn.Linear(2 * h, 2 * h),
                nn.ReLU(),
                nn.Linear(2 * h, d),
            ],
        }
        if kind not in chains:
            raise ValueError(kind)
        self.chain = nn.Sequential(nn.Embedding(V, d), *chains[kind]())

    def forward(self):
        return self.chain(torch.arange(self.chain[0].num_embeddings))

    def bake(self):
        return torch.tensor(self().tolist(), dtype=self.chain[0].weight.dtype)
