# Takes every kind but "mlp" for the LSTM.
# fails: ptuning.3.refusals


class PromptEncoder(PromptEncoder):
    def __init__(self, num_virtual_tokens, hidden_size, encoder_hidden_size, kind="mlp"):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        V, d, h = num_virtual_tokens, hidden_size, encoder_hidden_size
        self.embedding = nn.Embedding(V, d)
        self.lstm = None
        if kind == "mlp":
            self.head = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, d))
        else:
            self.lstm = nn.LSTM(d, h, num_layers=2, bidirectional=True)
            self.head = nn.Sequential(nn.Linear(2 * h, 2 * h), nn.ReLU(), nn.Linear(2 * h, d))
