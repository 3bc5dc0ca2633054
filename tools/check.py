"Every check of the project, each with its result and its time. Logs and screenshots are left in _checks/."
import difflib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fastcore.script import call_parse

from lab import browser
from project import BIN, LOGS, ROOT, RUNNING, Failed, copy_project, run, stop_group, tail

PYTHON, TOOLS, NBS = sys.executable, ROOT/'tools', ROOT/'nbs'
BUDGET = 300_000 # bytes of outputs a notebook may hold
LOCAL = re.compile(r'(?<![\w.:/-])/(?:work|root|home|tmp|Users|var/folders)/|127\.0\.0\.1:\d|localhost:\d')


class Skipped(Exception):
    "A check that cannot be made here: the message says why"


def notebooks(pattern='*.ipynb'): return sorted(NBS.glob(pattern))
def lines(path): return path.read_text(encoding='utf-8').splitlines() if path.exists() else []


# The notebooks as files

def compare(
    log, # an open file
    folder:str, # part of the project to compare
    pattern:str, # of file names in it
    copy:Path, # the project as it should be
    remedy:str, # what to do about a difference
):
    "Fail where a file differs from the one in a copy, or is missing on one side"
    names = sorted({p.relative_to(base).as_posix() for base in (ROOT, copy) for p in (base/folder).glob(pattern)})
    differ = [n for n in names if lines(ROOT/n) != lines(copy/n) or (ROOT/n).exists() != (copy/n).exists()]
    for n in differ: log.writelines(f'{l}\n' for l in difflib.unified_diff(lines(ROOT/n), lines(copy/n), n, 'expected', n=0, lineterm=''))
    if not names: raise Failed(f'no {pattern} in {folder}')
    if differ: raise Failed(f"{', '.join(differ)}: {remedy}")


def exported(log):
    "Export a copy into an empty package and compare"
    with tempfile.TemporaryDirectory() as tmp:
        copy = copy_project(Path(tmp)/'project')
        for p in (copy/'seg_nb').glob('*.py'): p.unlink()
        run(log, BIN/'nbdev_export', cwd=copy, PYTHONPATH=copy)
        compare(log, 'seg_nb', '*.py', copy, 'run nbdev_export, and delete modules that no notebook writes')


def clean(log):
    "Clean a copy and compare"
    with tempfile.TemporaryDirectory() as tmp:
        copy = copy_project(Path(tmp)/'project')
        run(log, BIN/'nbdev_clean', cwd=copy)
        compare(log, 'nbs', '*.ipynb', copy, 'run nbdev_clean')


def texts(
    output:dict, # of a code cell
) -> str: # what a reader reads in it, without embedded pictures
    "The text of an output"
    parts = [output.get('text', ''), *(v for k, v in output.get('data', {}).items() if k.startswith('text/'))]
    return re.sub(r'data:[\w/+-]+;base64,[\w+/=]+', '', '\n'.join(''.join(p) for p in parts))


def faults(
    path:Path, # a notebook
) -> list: # one line for each thing wrong with what it has saved
    "Look at the saved outputs of a notebook"
    nb = json.loads(path.read_text(encoding='utf-8'))
    outs = [(i, o) for i, c in enumerate(nb['cells']) for o in c.get('outputs', [])]
    size = sum(len(json.dumps(o)) for _, o in outs)
    found = [f'cell {i}: {what}' for i, o in outs for what, wrong in {
        'an error': o['output_type'] == 'error', 'output on stderr': o.get('name') == 'stderr',
        'a widget': 'application/vnd.jupyter.widget-view+json' in o.get('data', {}),
        f'a local path or address: {LOCAL.findall(texts(o))}': LOCAL.search(texts(o))}.items() if wrong]
    if not outs: found.append('no outputs are saved')
    if size > BUDGET: found.append(f'{size:,} bytes of outputs, more than {BUDGET:,}')
    if 'widgets' in nb['metadata']: found.append('widget state is saved')
    if nb['metadata'].get('kernelspec', {}).get('name') != 'python3': found.append('no kernelspec named python3')
    return [f'{path.name}: {f}' for f in found]


def outputs(log):
    "Look at the saved outputs of all notebooks"
    found = [f for p in notebooks() for f in faults(p)]
    if found or not notebooks(): raise Failed('\n'.join(found) or 'there are no notebooks')


# The package, the README, the site

def alone(log): run(log, PYTHON, TOOLS/'alone.py', 'seg_nb', limit=300)
def readme(log): run(log, PYTHON, TOOLS/'build_readme.py', '--check')


def docs(log):
    "Build the site of a copy and follow its links"
    with tempfile.TemporaryDirectory() as tmp:
        copy = copy_project(Path(tmp)/'project')
        run(log, PYTHON, TOOLS/'build_docs.py', cwd=copy, PYTHONPATH=copy)


# The notebooks at work

def prepare(log):
    "Make what the notebooks share, so that none of them waits for it"
    if not (ROOT/'seg_nb/training.py').exists(): raise Skipped('seg_nb.training is not there')
    run(log, PYTHON, '-c', 'from seg_nb.training import sample_checkpoint, sample_data; print(sample_data(), sample_checkpoint())', limit=1200)


def tested(
    path:Path, # a notebook
    log, # an open file
    flags:str='', # flags of cells to run that are left out otherwise
    limit:int=1500, # seconds it may take
):
    "Run the cells of a notebook, on one core, since two run at a time; nbdev_test succeeds as well when it finds nothing to run, so look for its word"
    run(log, BIN/'nbdev_test', '--path', path, '--n_workers', 0, '--do_print', '--flags', flags, limit=limit, OMP_NUM_THREADS=1)
    log.flush()
    if f'Completed {path}' not in Path(log.name).read_text(): raise Failed(f'nbdev_test did not run {path.name}')


def in_lab(
    path:Path, # a notebook
    log, # an open file
):
    "Run a notebook in JupyterLab"
    run(log, PYTHON, TOOLS/'lab.py', path, limit=720)


def page(log):
    "Make a report of the sample and look at it in a browser, without a network"
    run(log, PYTHON, TOOLS/'page.py', limit=600)


def no_browser(log):
    "Only a continuous integration must have a browser"
    message = 'there is no chromium on this machine: install it to look at the report and to run the notebooks in JupyterLab'
    raise (Failed if os.environ.get('CI') == 'true' else Skipped)(message)


# All of them

def plan(
    slow:bool, # only the cells flagged slow
) -> list: # [(how many at a time, [(name, check)])]
    "Which checks there are"
    first = [('sample and its checkpoint', prepare)]
    if slow:
        flagged = [p for p in notebooks() if re.search(r'#\|\s*slow', p.read_text(encoding='utf-8'))]
        return [(1, first), (1, [(f'slow cells of {p.name}', partial(tested, p, flags='slow', limit=7200)) for p in flagged])]
    lab = [(f'JupyterLab runs {p.name}', partial(in_lab, p)) for p in notebooks('index.ipynb') + notebooks('0*.ipynb')]
    return [
        (1, [('notebooks and seg_nb/ agree', exported), ('notebooks are clean', clean), ('notebooks have good outputs', outputs),
             ('package works without development packages', alone), ('README.md is up to date', readme), *first]),
        (2, [(f'nbdev_test {p.name}', partial(tested, p)) for p in notebooks()]),
        (1, [('docs are built, links and anchors lead somewhere', docs)]),
        (1, [('the report in a browser', page if browser() else no_browser)]),
        (1, lab if browser() else [('JupyterLab runs the notebooks', no_browser)])]


def outcome(
    named:tuple, # name and check
) -> tuple: # 'passed', 'failed' or 'skipped', seconds, and what to say about it
    "Make one check"
    name, check = named
    path, start = LOGS/f"{re.sub(r'[^a-zA-Z0-9]+', '_', name)}.log", time.time()
    with open(path, 'w', encoding='utf-8') as log:
        try: result, note = 'passed', check(log) or ''
        except Skipped as e: result, note = 'skipped', str(e)
        except Exception as e: result, note = 'failed', str(e) if isinstance(e, Failed) else f'{type(e).__name__}: {e}'
    if result == 'failed': note = '\n'.join(filter(None, [tail(path), note]))
    return result, time.time() - start, note


def report(
    name:str, # of the check
    done, # future of its outcome
) -> str: # the result
    "Print the name at once, the rest when it is known"
    print(f'{name:<52}', end='', flush=True)
    result, seconds, note = done.result()
    print(f'{result:<8}{seconds:6.1f} s', flush=True)
    if note: print('    ' + note.replace('\n', '\n    '), flush=True)
    return result


def make(
    groups:list, # as `plan` gives them
) -> list: # the results
    "Make the checks and list them; when interrupted, stop what was started"
    results = []
    for workers, checks in groups:
        with ThreadPoolExecutor(workers) as pool:
            done = [pool.submit(outcome, c) for c in checks]
            try: results += [report(name, d) for (name, _), d in zip(checks, done)]
            except BaseException:
                for d in done: d.cancel()
                for proc in list(RUNNING): stop_group(proc)
                raise
    return results


@call_parse
def main(
    only:str='', # make only the checks whose name contains this
    slow:bool=False, # run the cells flagged slow instead
):
    "Make the checks; exit with 0 only if none failed"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # the programs of the checks are stopped then as well
    shutil.rmtree(LOGS, ignore_errors=True)
    (LOGS/'home').mkdir(parents=True)
    groups = [(n, [c for c in checks if only in c[0]]) for n, checks in plan(slow)]
    if not any(checks for _, checks in groups): print(f'no check has a name with {only!r}')
    results = make(groups)
    count = {r: results.count(r) for r in ('passed', 'failed', 'skipped')}
    skipped = f", {count['skipped']} skipped" if count['skipped'] else ''
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    sys.exit(bool(count['failed'] or not results))
