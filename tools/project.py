"What the tools share: where things are, a copy of the project to work on, programs run with a log."
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOGS = ROOT/'_checks'
RUNNING = set() # programs to stop when the checks are interrupted
LEFT_OUT = '.venv .git data _checks _docs _proc __pycache__ .ipynb_checkpoints *.egg-info *.safetensors *.tmp last'.split()


class Failed(Exception):
    "A check found something wrong: the message says what"


def copy_project(
    dest:Path, # a folder that is not there yet
) -> Path: # the same folder
    "Copy what is part of the project, so that a tool may write into it"
    return Path(shutil.copytree(ROOT, dest, ignore=shutil.ignore_patterns(*LEFT_OUT)))


def environment(
    home:Path, # folder for what Jupyter and IPython write
    **extra, # further variables
) -> dict: # environment variables for a program
    "The programs of this virtual environment first, and nothing of the user's Jupyter settings"
    own = {f'JUPYTER_{k}_DIR': str(home/k.lower()) for k in ('CONFIG', 'DATA', 'RUNTIME')}
    own |= {'IPYTHONDIR': str(home/'ipython'), 'JUPYTER_PREFER_ENV_PATH': '1', 'PYTHONUNBUFFERED': '1'}
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    keep = {k: v for k, v in os.environ.items() if k not in ('JUPYTER_PATH', 'JUPYTER_CONFIG_PATH', 'PYTHONPATH', 'MPLBACKEND')}
    return {**keep, **own, 'PATH': path, **{k: str(v) for k, v in extra.items()}}


def run(
    log, # an open file that receives what the program prints
    *command, # the program and its arguments
    cwd:Path=ROOT, # where it runs
    limit:int=600, # seconds after which it is stopped
    **extra, # further environment variables
):
    "Run a program; raise `Failed` where it fails or takes too long, and leave no process of it behind"
    command = [str(c) for c in command]
    proc = subprocess.Popen(command, cwd=cwd, env=environment(LOGS/'home', **extra), stdout=log,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    RUNNING.add(proc)
    try: status = proc.wait(limit)
    except subprocess.TimeoutExpired: raise Failed(f'stopped after {limit} s: {" ".join(command)}') from None
    finally:
        stop_group(proc)
        RUNNING.discard(proc)
    if status: raise Failed(f'exit status {status}: {" ".join(command)}')


def stop_group(
    proc:subprocess.Popen, # started in a session of its own
):
    "Stop a program and all that it started"
    try: os.killpg(proc.pid, signal.SIGTERM if proc.poll() is None else signal.SIGKILL)
    except ProcessLookupError: return
    try: proc.wait(15)
    except subprocess.TimeoutExpired: os.killpg(proc.pid, signal.SIGKILL)


def tail(
    path:Path, # a log
    lines:int=40, # at most so many
) -> str: # its end, without terminal colours
    "The last lines of a log"
    text = re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', path.read_text(errors='replace'))
    return '\n'.join(text.splitlines()[-lines:])
