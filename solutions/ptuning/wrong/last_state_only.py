# Uses the LSTM's last state for every virtual token.
# fails: ptuning.3.forward ptuning.3.gradients


class PromptEncoder(PromptEncoder):
    def forward(self):
        x = self.embedding.weight
        if self.lstm is not None:
            x = self.lstm(x)[0][-1:].expand(len(x), -1)
        return self.head(x)
