# Asks for a dot before the target, and so misses modules at the top of the model.
# fails: lora.4.linear lora.4.targets lora.5.round_trip


def matches(name, target):
    return name.endswith("." + target)
