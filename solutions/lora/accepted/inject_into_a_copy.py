# Adapts a deep copy and leaves the model that it was given as it is.
import copy


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    find_targets(model, target_modules)
    return inner(copy.deepcopy(model), target_modules, r, alpha, dropout)
