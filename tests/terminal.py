# SPDX-License-Identifier: MIT
# A program on a terminal of its own, and who sits before it.
import os, pty, select, sys

def start(*argv):
    global pid, fd, seen
    seen = ''
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)

# Waits for the text; what stood before it is over, and is given back.
def expect(text):
    global seen
    while text not in seen:
        if not select.select([fd], [], [], 20)[0]:
            raise SystemExit(f'waited in vain for {text!r} in {seen!r}')
        seen += os.read(fd, 4096).decode(errors='replace')
    before, seen = seen.split(text, 1)
    return before

def say(text):
    os.write(fd, text.encode())

# The answer to the next question, which holds the text.
def answer(question, text):
    if question:
        expect(question)
    expect('> ')
    say(text)

# Reads until the program has ended; its status as a shell has it.
def end():
    global seen
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece.decode(errors='replace')
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
