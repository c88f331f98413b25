# Saves r, alpha and rslora in the state_dict as well.


class LoRALinear(LoRALinear):
    def get_extra_state(self):
        return {"r": self.r, "alpha": self.alpha, "rslora": self.rslora}

    def set_extra_state(self, state):
        self.__dict__.update(state)
