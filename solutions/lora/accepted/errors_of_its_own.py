# Raises exceptions of its own, derived from ValueError, and KeyError for tensors that are missing.


class LoRAError(ValueError):
    pass


def find_targets(model, target_modules, inner=find_targets):
    try:
        return inner(model, target_modules)
    except ValueError as error:
        raise LoRAError(f"cannot adapt {type(model).__name__}") from error


def load_adapter(model, directory, inner=load_adapter):
    try:
        return inner(model, Path(directory).resolve(strict=True))
    except ValueError as error:
        raise (KeyError if "tensors" in str(error) else LoRAError)(str(error)) from error
