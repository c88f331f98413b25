# Builds the MLP of two layers instead of three.
# fails: ptuning.3.parameters ptuning.3.forward ptuning.3.gradients


class PromptEncoder(PromptEncoder):
    def __init__(self, num_virtual_tokens, hidden_size, encoder_hidden_size, kind="mlp"):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        V, d, h = num_virtual_tokens, hidden_size, encoder_hidden_size
        self.embedding = nn.Embedding(V, d)
        self.lstm = None
        if kind == "mlp":
            self.head = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, d))
        elif kind == "lstm":
            self.lstm = nn.LSTM(d, h, num_layers=2, bidirectional=True)
            self.head = nn.Sequential(nn.Linear(2 * h, 2 * h), nn.ReLU(), nn.Linear(2 * h, d))
        else:
            raise ValueError(f'kind must be "mlp" or "lstm", not {kind!r}')
