# Bakes the learned inputs and forgets the network.
# fails: ptuning.3.bake ptuning.3.baking


class PromptEncoder(PromptEncoder):
    def bake(self):
        return self.embedding.weight.detach().clone()
