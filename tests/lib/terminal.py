"""Runs a program on a terminal of its own: terminal.py COLUMNS SCRIPT PROGRAM ARG...
SCRIPT: lines "expect TEXT", "type TEXT" (then return), "signal NAME", "echo on|off" (is it?). Prints what the terminal
showed, then "exit N" on a line of its own."""
import errno, fcntl, os, pty, signal, struct, sys, termios

columns, script, program = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    os.execvp(program[0], program)
shown, looked = b'', 0


def fail(text):
    sys.stdout.write(shown.decode('utf-8', 'replace'))
    sys.exit('terminal.py: ' + text)


def read_more():
    """False when the program has closed the terminal."""
    global shown
    try:
        got = os.read(terminal, 65536)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        got = b''
    shown += got
    return bool(got)


def echo_is():
    return 'on' if termios.tcgetattr(terminal)[3] & termios.ECHO else 'off'


signal.alarm(120)
for line in script.splitlines():
    word, _, rest = line.strip().partition(' ')
    if word == 'expect':
        while rest.encode() not in shown[looked:]:
            if not read_more():
                fail('it ended without: ' + rest)
        looked = shown.index(rest.encode(), looked) + len(rest)
    elif word == 'type':
        os.write(terminal, rest.encode() + b'\n')
    elif word == 'signal':
        os.kill(pid, getattr(signal, rest))
    elif word == 'echo' and echo_is() != rest:
        fail('echo is ' + echo_is())
while read_more():
    pass
status = os.waitpid(pid, 0)[1]
sys.stdout.write(shown.decode('utf-8', 'replace'))
print('\nexit %d, echo %s' % (os.waitstatus_to_exitcode(status), echo_is()))
