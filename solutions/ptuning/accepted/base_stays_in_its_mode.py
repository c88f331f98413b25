# Overrides `train` so that the base's mode stays the caller's business.


class PtuningModel(PtuningModel):
    def train(self, mode=True):
        self.training = mode
        return self
