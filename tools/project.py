"What the tools share: where things are, a copy of the project to work on, programs run with a log."
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NBS, PACKAGE, TOOLS = ROOT/'nbs', ROOT/'seg_nb', ROOT/'tools'
BIN, PYTHON = Path(sys.executable).parent, sys.executable
LOGS = ROOT/'_checks'
RUNNING = set() # programs to stop when the checks are interrupted
LEFT_OUT = ['.git', '.venv', '__pycache__', '.ipynb_checkpoints', '*.egg-info', '*.tmp'] # wherever they lie
LEFT_OUT_AT_TOP = ['data', 'output', '_checks', '_docs', '_proc', 'build', 'dist']


class Failed(Exception):
    "A check found something wrong: the message says what"


def chapters() -> list: # paths
    "List the numbered notebooks, in order"
    return sorted(NBS.glob('[0-9]*.ipynb'))


def notebooks() -> list: # paths
    "List all notebooks: index, chapters, parts and appendix"
    folders = [sorted(p for p in (NBS/name).rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)
               for name in ('parts', 'appendix')]
    return sorted(NBS.glob('[!0-9]*.ipynb')) + chapters() + folders[0] + folders[1]


def name_of(
    notebook:Path, # its path
) -> str: # for example `05_training` or `parts/score/metrics`
    "Name a notebook by its place in the notebooks' folder"
    return notebook.relative_to(NBS).with_suffix('').as_posix()


def modules() -> list: # paths
    "List the exported modules of the package"
    return sorted(p for p in PACKAGE.rglob('*.py') if p.name not in ('__init__.py', '_modidx.py'))


def module_name(
    path:Path, # of an exported module
) -> str: # for example `training` or `score.metrics`
    "Name a module as its notebook does in `default_exp`"
    return path.relative_to(PACKAGE).with_suffix('').as_posix().replace('/', '.')


def _left_out(folder, names):
    "Which of the names in a folder are no part of the project"
    patterns = LEFT_OUT + (LEFT_OUT_AT_TOP if Path(folder) == ROOT else [])
    return shutil.ignore_patterns(*patterns)(folder, names)


@contextmanager
def project_copy(): # yields the folder
    "Copy what is part of the project into a temporary folder, so that a tool may write into it"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp:
        yield Path(shutil.copytree(ROOT, Path(tmp)/'project', ignore=_left_out))


def environment(
    home:Path, # folder for what Jupyter and IPython write
    **extra, # further variables
) -> dict: # environment variables for a program
    "The programs of this virtual environment first, and nothing of the user's Jupyter settings"
    dropped = ('JUPYTER_PATH', 'JUPYTER_CONFIG_PATH', 'PYTHONPATH', 'MPLBACKEND')
    env = {k: v for k, v in os.environ.items() if k not in dropped}
    env |= {f'JUPYTER_{k}_DIR': home/k.lower() for k in ('CONFIG', 'DATA', 'RUNTIME')}
    env |= {'IPYTHONDIR': home/'ipython', 'JUPYTER_PREFER_ENV_PATH': 1, 'PYTHONUNBUFFERED': 1}
    env |= {'PATH': f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    return {k: str(v) for k, v in (env | extra).items()}


def run(
    log, # an open file that receives what the program prints
    *command, # the program and its arguments
    limit:float, # seconds after which it is stopped
    cwd:Path=ROOT, # where it runs
    **extra, # further environment variables
):
    "Run a program; raise `Failed` where it fails or takes too long, and leave no process of it behind"
    command = [str(c) for c in command]
    proc = subprocess.Popen(command, cwd=cwd, env=environment(LOGS/'home', **extra), stdout=log,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    RUNNING.add(proc)
    try:
        status = proc.wait(limit)
    except subprocess.TimeoutExpired:
        raise Failed(f'stopped after {limit:.0f} s: {" ".join(command)}') from None
    finally:
        stop_group(proc)
        RUNNING.discard(proc)
    if status:
        raise Failed(f'exit status {status}: {" ".join(command)}')


def stop_group(
    proc:subprocess.Popen, # started in a session of its own
):
    "Stop a program and all that it started"
    try:
        os.killpg(proc.pid, signal.SIGTERM if proc.poll() is None else signal.SIGKILL)
    except ProcessLookupError:
        return
    try:
        proc.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(proc.pid, signal.SIGKILL)


def stop_all():
    "Stop all programs that `run` has started and that have not ended"
    for proc in list(RUNNING):
        stop_group(proc)


def tail(
    path:Path, # a log
    lines:int=40, # at most so many
) -> str: # its end, without terminal colours
    "The last lines of a log"
    text = re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', path.read_text(errors='replace'))
    return '\n'.join(text.splitlines()[-lines:])
