#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""crash.py KILLS METHOD INPUT SAMPLES [SEED]: kills processes of a run, and sees that it loses nothing by that.

A run by ar-run in the folder "crashed" is started until KILLS of its processes were killed, one each time: a random one (ar-run itself, a tool,
a worker, a method), by SIGKILL, at a random moment: behind a random number of looks at what is running. Behind every tenth kill the run is
finished undisturbed, its folder held against that of a run that nobody disturbed, and emptied, so that the next ones begin anew.

What cannot be the same: the logs, the record of the last run, times in run.json.
"""
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys

KILLS, METHOD, INPUT, SAMPLES = int(sys.argv[1]), *sys.argv[2:5]
SEED = int(sys.argv[5]) if len(sys.argv) > 5 else int.from_bytes(os.urandom(4), 'little')
MARK = f'AR_CRASH_TEST={os.getpid()}'
OTHERS = ('.analysisrun/log/', '.analysisrun/lanes.tsv', '.analysisrun/lock', '.analysisrun/ended', '.analysisrun/done', '.analysisrun/cache/.swept', 'run.json',
          'manifest-sha256.txt')
random.seed(SEED)


def fail(why):
    sys.exit(f'{why} (seed {SEED})')


def running():
    """Processes with the mark in their environment, other than those that ended and wait to be collected."""
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f'/proc/{name}/environ', 'rb') as file:
                if MARK.encode() in file.read().split(b'\0'):
                    found.append(int(name))
        except OSError:
            pass
    return found


def start(folder, tmp):
    os.makedirs(tmp, exist_ok=True)
    name, value = MARK.split('=')
    env = dict(os.environ, TMPDIR=os.path.abspath(tmp), **{name: value})
    env['ASAN_OPTIONS'] = 'detect_leaks=0'  # the search for leaks waits forever for a process of its own that was killed
    return subprocess.Popen(['ar-run', '-q', '-j', '2', '-m', METHOD, '-s', SAMPLES, '-d', folder, f'activity_spots={INPUT}'], env=env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(folder, tmp):
    process = start(folder, tmp)
    said = process.stderr.read().decode()
    if process.wait() != 0:
        fail(f'the run that nobody disturbed ended with {process.returncode}: {said}')
    if running():
        fail(f'processes are left: {running()}')
    if os.listdir(tmp):
        fail(f'left in TMPDIR: {os.listdir(tmp)}')


def files(folder):
    """The digest of each file, by its name; logs and records by their names alone."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), folder)
            if path.startswith('.analysisrun/log/'):
                continue
            other = path.startswith(OTHERS)
            found[path] = '' if other else hashlib.sha256(open(os.path.join(where, name), 'rb').read()).hexdigest()
    return found


def sums(folder):
    """What manifest-sha256.txt lists, less run.json, which has times in it."""
    with open(os.path.join(folder, 'manifest-sha256.txt'), encoding='utf-8') as file:
        return sorted(line for line in file if not line.endswith('  run.json\n'))


def check(folder):
    mine, wanted = files(folder), files('whole')
    if mine != wanted:
        fail('other files than those of the undisturbed run: '
             + ', '.join(sorted(f'{name} ({"more" if name not in wanted else "missing" if name not in mine else "other"})'
                                for name in set(mine) | set(wanted) if mine.get(name) != wanted.get(name))))
    if sums(folder) != sums('whole'):
        fail('other digests')
    subprocess.run(['ar-run', 'verify', '-q', folder], check=True)


def kill_one(folder, tmp, looks, wait):
    """Starts a run, and kills one of its processes; tells which. What is left of the run comes to its end by itself; wait: until then."""
    process, killed = start(folder, tmp), ''
    for look in range(1 + looks):
        found = running()
        if process.poll() is not None:
            break
    if found:
        pid = random.choice(found)
        try:
            with open(f'/proc/{pid}/comm', encoding='utf-8') as file:
                killed = file.read().strip()
            os.kill(pid, signal.SIGKILL)
        except OSError:
            killed = ''
    process.stderr.read()
    process.wait()
    while wait and running():  # its children end with it, in their own time
        pass
    return killed


def main():
    finish('whole', 'tmp')
    victims, most, runs = {}, 400, 0
    while sum(victims.values()) < KILLS:
        killed = kill_one('crashed', 'tmp', random.randrange(most), random.randrange(2) == 0)
        runs += 1
        if not killed:  # it was over before
            most = max(most * 3 // 4, 1)  # to look takes its time where much else is running
            if runs > 10 * KILLS:
                fail('runs are over before anything is killed')
            continue
        victims[killed] = victims.get(killed, 0) + 1
        if sum(victims.values()) % 10 == 0:
            finish('crashed', 'tmp')
            check('crashed')
            shutil.rmtree('crashed')
    print('killed:', ', '.join(f'{name} {n}' for name, n in sorted(victims.items())))


main()
