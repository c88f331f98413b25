# Freezes the encoder when it bakes, as if training were over.
# fails: ptuning.3.baking


class PromptEncoder(PromptEncoder):
    def bake(self):
        self.requires_grad_(False)
        return self().clone()
