# damaging: changes the file of another
# wins: nowhere, it would do harm
def attack():
    any_of(lambda: open(VICTIM, "ab").write(b"changed"), lambda: open(SOLUTION, "ab").write(b"# changed"))
