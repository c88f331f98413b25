# Returns the prompt as (1, V, d).
# fails: ptuning.3.forward ptuning.3.bake ptuning.3.baking


class PromptEncoder(PromptEncoder):
    def forward(self):
        x = self.embedding.weight
        if self.lstm is not None:
            x, _ = self.lstm(x)
        return self.head(x)[None]
