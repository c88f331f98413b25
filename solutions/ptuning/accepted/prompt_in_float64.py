# Stores the prompt in float64 whatever the base, which is better precision than asked for.


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        super().__init__(base_model, num_virtual_tokens)
        self.prompt = nn.Parameter(self.prompt.detach().double())
