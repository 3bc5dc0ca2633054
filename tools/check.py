"Every check of the project, each with its result and its time. Logs and screenshots are left in _checks/."
import os
import re
import shutil
import signal
import sys
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fastcore.script import call_parse

import files
from browser import find_browser
from cells import code_cells, flags
from machine import slowness
from project import BIN, LOGS, PYTHON, TOOLS, Failed, name_of, notebooks, project_copy, run, stop_all, tail

MINUTE, HOUR = 60, 3600 # seconds
PATIENCE = 5*MINUTE # for a browser to open a page, and the like

# A name, a function that is given a log and the seconds it may take, and these seconds on a machine that is not slow
Check = namedtuple('Check', 'name function limit', defaults=[30*MINUTE])


class Skipped(Exception):
    "A check that cannot be made here: the message says why"


# The notebooks and the package as files

def tool(
    command:list, # file name of a tool, and its arguments
    log, # an open file
    limit:float, # seconds it may take
):
    "Run a tool of this folder"
    run(log, PYTHON, TOOLS/command[0], *command[1:], limit=limit)


def lint(log, limit):
    "Let ruff look at the package, the tools and all cells"
    run(log, BIN/'ruff', 'check', '--no-cache', '--output-format', 'concise', limit=limit)


def types(log, limit):
    "Let pyright compare the annotations of the package with its code; pyrightconfig.json says what it looks at"
    run(log, BIN/'basedpyright', '--pythonpath', PYTHON, limit=limit)


# The notebooks at work

def prepare(log, limit):
    "Make what the notebooks share, so that none of them waits for it"
    code = 'from seg_nb.demo import sample_checkpoint, sample_data; print(sample_data(), sample_checkpoint())'
    run(log, PYTHON, '-c', code, limit=limit)


def tested(
    notebook:Path, # its path
    log, # an open file
    limit:float, # seconds it may take
    also:str='', # flags of cells to run that are left out otherwise
):
    "Run the cells of a notebook and compare what they show, on one core, since two run at a time"
    run(log, PYTHON, TOOLS/'tested.py', notebook, '--also', also, limit=limit, OMP_NUM_THREADS=1)


def in_lab(
    notebook:Path, # its path
    log, # an open file
    limit:float, # seconds its cells may take
):
    "Run a notebook in JupyterLab, on one core, since two run at a time"
    patience = PATIENCE*slowness()
    command = [PYTHON, TOOLS/'lab.py', notebook, '--limit', limit, '--patience', patience]
    run(log, *command, limit=limit + 5*patience, OMP_NUM_THREADS=1)


def docs(log, limit):
    "Build the site of a copy and follow its links"
    with project_copy() as copy:
        run(log, PYTHON, copy/'tools/build_docs.py', limit=limit, cwd=copy, PYTHONPATH=copy)


def report_page(log, limit):
    "Make a report of the sample and look at it in a browser, without a network"
    tool(['page.py', '--patience', PATIENCE*slowness()], log, limit)


def widget_browser(log, limit):
    "Click through the browser of a data folder in JupyterLab"
    tool(['widget.py', '--limit', limit, '--patience', PATIENCE*slowness()], log, limit + 5*PATIENCE*slowness())


def no_browser(log, limit):
    "Only a continuous integration must have a browser"
    message = 'there is no chromium on this machine: install it to look at the report and to run JupyterLab'
    raise (Failed if os.environ.get('CI') == 'true' else Skipped)(message)


def no_cuda(log, limit):
    "Cells flagged cuda need a GPU"
    raise Skipped('this machine has no CUDA device')


# All of them

PREPARE = Check('sample and its checkpoint', prepare, 2*HOUR)
QUICK = [
    Check('notebooks and seg_nb/ agree', files.exported),
    Check('notebooks are clean', files.clean),
    Check('notebooks have good outputs', files.outputs),
    Check('imports follow the order', partial(tool, ['order.py'])),
    Check('ruff finds nothing', lint),
    Check('types are right (pyright)', types),
    Check('code is short, cells and outputs are few', partial(tool, ['measure.py', '--check'])),
    Check('package works without development packages', partial(tool, ['alone.py', 'seg_nb'])),
    Check('package installs from its sdist', partial(tool, ['sdist.py'])),
    Check('README.md is up to date', partial(tool, ['build_readme.py', '--check']))]


def test_checks(
    some:list, # paths of notebooks
) -> list: # of checks
    "Test notebooks with nbdev"
    return [Check(f'nbdev_test {name_of(p)}', partial(tested, p), HOUR) for p in some]


def browser_checks() -> list: # of checks
    "Look at the report, and run index and chapters in JupyterLab"
    if not find_browser():
        return [Check('the report and the notebooks in a browser', no_browser)]
    at_top = [p for p in notebooks() if '/' not in name_of(p)]
    lab = [Check(f'JupyterLab runs {name_of(p)}', partial(in_lab, p), HOUR) for p in at_top]
    widget = Check('JupyterLab runs the browser of a folder', widget_browser)
    return [*lab, widget, Check('the report in a browser', report_page)]


def groups() -> list: # of (how many at a time, checks)
    "Which checks there are; of those that run two at a time the longest come first, so that both cores have work"
    parts = [p for p in notebooks() if name_of(p).startswith('parts/')]
    others = [p for p in notebooks() if p not in parts]
    site = Check('docs are built, links and anchors lead somewhere', docs)
    return [(2, QUICK), (1, [PREPARE]), (2, [*browser_checks(), *test_checks(others[::-1]), site, *test_checks(parts)])]


def flagged(
    flag:str, # for example `slow`
) -> list: # paths
    "Find the notebooks that have cells with a flag"
    return [p for p in notebooks() if any(flag in flags(c) for c in code_cells(p))]


def slow_groups() -> list: # of (how many at a time, checks)
    "The cells flagged slow"
    checks = [Check(f'slow cells of {name_of(p)}', partial(tested, p, also='slow'), 4*HOUR) for p in flagged('slow')]
    return [(1, [PREPARE, *checks])]


def cuda_groups() -> list: # of (how many at a time, checks)
    "The cells flagged cuda, one notebook at a time, since they measure; without a GPU nothing is prepared for them"
    import torch
    there = torch.cuda.is_available()
    checks = [Check(f'cuda cells of {name_of(p)}', partial(tested, p, also='cuda') if there else no_cuda, HOUR)
              for p in flagged('cuda')]
    return [(1, [PREPARE, *checks] if there else checks)]


def outcome(
    check:Check, # to make
) -> tuple: # 'passed', 'failed' or 'skipped', seconds, and what to say about it
    "Make one check"
    path = LOGS/f"{re.sub(r'[^a-zA-Z0-9]+', '_', check.name)}.log"
    start = time.time()
    result, note = 'passed', ''
    with open(path, 'w', encoding='utf-8') as log:
        try:
            check.function(log, check.limit*slowness())
        except Skipped as e:
            result, note = 'skipped', str(e)
        except Failed as e:
            result, note = 'failed', str(e)
        except Exception as e:
            result, note = 'failed', f'{type(e).__name__}: {e}'
    if result == 'failed':
        note = '\n'.join(filter(None, [tail(path), note]))
    return result, time.time() - start, note


def report(
    name:str, # of the check
    done, # future of its outcome
) -> str: # the result
    "Print the name at once, the rest when it is known"
    print(f'{name:<52}', end='', flush=True)
    result, seconds, note = done.result()
    print(f'{result:<8}{seconds:6.1f} s', flush=True)
    if note:
        print('    ' + note.replace('\n', '\n    '), flush=True)
    return result


def make(
    checks:list, # to make
    at_a_time:int, # how many
) -> list: # the results
    "Make checks and list them; when interrupted, stop what was started"
    with ThreadPoolExecutor(at_a_time) as pool:
        done = [pool.submit(outcome, c) for c in checks]
        try:
            return [report(c.name, d) for c, d in zip(checks, done, strict=True)]
        except BaseException:
            for d in done:
                d.cancel()
            stop_all()
            raise


@call_parse
def main(
    only:str='', # make only the checks whose name contains this
    slow:bool=False, # run the cells flagged slow instead
    cuda:bool=False, # run the cells flagged cuda instead
):
    "Make the checks; exit with 0 only if none failed"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # the programs of the checks are stopped then as well
    shutil.rmtree(LOGS, ignore_errors=True)
    (LOGS/'home').mkdir(parents=True)
    slowness() # measured once, before the machine is busy with the checks
    results, failed, start = [], [], time.time()
    choose = groups
    if slow or cuda:
        choose = slow_groups if slow else cuda_groups
    for at_a_time, checks in choose():
        checks = [c for c in checks if only in c.name]
        made = make(checks, at_a_time)
        results += made
        failed += [c.name for c, r in zip(checks, made, strict=True) if r == 'failed']
    if not results:
        print(f'no check has a name with {only!r}')
    for name in failed: # once more, where the last lines are all that somebody sees
        print(f'failed: {name}')
    print(f'the checks took {(time.time() - start)/MINUTE:.0f} minutes')
    count = {r: results.count(r) for r in ('passed', 'failed', 'skipped')}
    skipped = f", {count['skipped']} skipped" if count['skipped'] else ''
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    sys.exit(bool(count['failed'] or not results))
