# Computes the prompt without a graph, so that no weight of the encoder learns.
# fails: ptuning.3.gradients ptuning.3.bake ptuning.3.baking


class PromptEncoder(PromptEncoder):
    @torch.no_grad()
    def forward(self):
        x = self.embedding.weight
        if self.lstm is not None:
            x, _ = self.lstm(x)
        return self.head(x)
