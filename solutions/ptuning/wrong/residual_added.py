# Adds the learned inputs to the network's output.
# fails: ptuning.3.forward ptuning.3.gradients


class PromptEncoder(PromptEncoder):
    def forward(self):
        x = self.embedding.weight
        hidden = x if self.lstm is None else self.lstm(x)[0]
        return x + self.head(hidden)
