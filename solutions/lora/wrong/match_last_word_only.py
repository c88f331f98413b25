# Compares the last word of the name alone, so that a target with dots matches nothing.
# fails: lora.4.targets lora.5.round_trip


def matches(name, target):
    return name.split(".")[-1] == target
