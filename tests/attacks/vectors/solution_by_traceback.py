# peeking: lets Python show lines of the solution, as a traceback would
# wins: unjailed
import linecache


def attack():
    linecache.getlines(SOLUTION)[0]
