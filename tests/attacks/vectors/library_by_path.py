# delegating: loads the file of what is forbidden under another name
# wins: unjailed
import importlib.machinery
import sys


def attack():
    any_of(
        *(
            lambda folder=folder: importlib.machinery.SourceFileLoader("other", f"{folder}/statistics.py").load_module()
            for folder in sys.path
        )
    )
