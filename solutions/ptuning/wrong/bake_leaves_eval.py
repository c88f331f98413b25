# Bakes in eval mode and stays there.
# fails: ptuning.3.baking


class PromptEncoder(PromptEncoder):
    def bake(self):
        self.eval()
        return self().detach().clone()
