"The notebooks as files: they agree with the package, are clean, and what they show may be published."
import difflib
import json
import re
from pathlib import Path

from project import BIN, ROOT, Failed, name_of, notebooks, project_copy, run

LOCAL = re.compile(r'(?<![\w.:/-])/(?:work|root|home|tmp|Users|var/folders)/|127\.0\.0\.1:\d|localhost:\d')
WIDGET = 'application/vnd.jupyter.widget-view+json'


def lines(
    path:Path, # a text file, perhaps none
) -> list|None: # its lines
    "Read a file that may be missing"
    return path.read_text(encoding='utf-8').splitlines() if path.exists() else None


def compare(
    log, # an open file that receives the differences
    pattern:str, # of files of the project
    copy:Path, # the project as it should be
    remedy:str, # what to do about a difference
):
    "Fail where a file differs from the one in a copy, or is missing on one side"
    names = sorted({p.relative_to(base).as_posix() for base in (ROOT, copy) for p in base.glob(pattern)})
    names = [n for n in names if '.ipynb_checkpoints' not in n]
    differ = [n for n in names if lines(ROOT/n) != lines(copy/n)]
    for name in differ:
        found, expected = lines(ROOT/name) or [], lines(copy/name) or []
        diff = difflib.unified_diff(found, expected, name, 'expected', n=0, lineterm='')
        log.writelines(f'{line}\n' for line in diff)
    if not names:
        raise Failed(f'there is no {pattern}')
    if differ:
        raise Failed(f"{', '.join(differ)}: {remedy}")


def exported(log, limit):
    "Export a copy into an empty package and compare"
    with project_copy() as copy:
        for path in (copy/'seg_nb').rglob('*.py'):
            path.unlink()
        run(log, BIN/'nbdev_export', limit=limit, cwd=copy, PYTHONPATH=copy)
        compare(log, 'seg_nb/**/*.py', copy, 'run nbdev_export, and delete modules that no notebook writes')


def clean(log, limit):
    "Clean a copy and compare"
    with project_copy() as copy:
        run(log, BIN/'nbdev_clean', limit=limit, cwd=copy)
        compare(log, 'nbs/**/*.ipynb', copy, 'run nbdev_clean')


def texts(
    output:dict, # of a code cell
) -> str: # what a reader reads in it, without embedded pictures
    "The text of an output"
    parts = [output.get('text', '')] + [v for k, v in output.get('data', {}).items() if k.startswith('text/')]
    return re.sub(r'data:[\w/+-]+;base64,[\w+/=]+', '', '\n'.join(''.join(p) for p in parts))


def output_faults(
    output:dict, # of a code cell
) -> list: # what is wrong with it
    "Look at a saved output"
    local = LOCAL.findall(texts(output))
    wrong = {
        'an error': output['output_type'] == 'error',
        'output on stderr': output.get('name') == 'stderr',
        'a widget': WIDGET in output.get('data', {}),
        f'a local path or address: {local}': local}
    return [what for what, is_so in wrong.items() if is_so]


def notebook_faults(
    notebook:Path, # its path
) -> list: # one line for each thing wrong with what it has saved
    "Look at the saved outputs of a notebook"
    nb = json.loads(notebook.read_text(encoding='utf-8'))
    outputs = [(i, o) for i, c in enumerate(nb['cells']) for o in c.get('outputs', [])]
    found = [f'cell {i}: {what}' for i, o in outputs for what in output_faults(o)]
    if not outputs and any(c['cell_type'] == 'code' for c in nb['cells']):
        found.append('no outputs are saved')
    if 'widgets' in nb['metadata']:
        found.append('widget state is saved')
    if nb['metadata'].get('kernelspec', {}).get('name') != 'python3':
        found.append('no kernelspec named python3')
    return [f'{name_of(notebook)}: {f}' for f in found]


def outputs(log, limit):
    "Look at the saved outputs of all notebooks"
    found = [f for p in notebooks() for f in notebook_faults(p)]
    if found or not notebooks():
        raise Failed('\n'.join(found) or 'there are no notebooks')
