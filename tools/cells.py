"The cells of a notebook, as the tools look at them."
import ast
import json
import re
from pathlib import Path


def read_cells(
    notebook:Path, # its path
) -> list: # of dicts as in the file, with the source as one string
    "Read the cells of a notebook"
    cells = json.loads(notebook.read_text(encoding='utf-8'))['cells']
    return [{**c, 'source': ''.join(c['source'])} for c in cells]


def code_cells(
    notebook:Path, # its path
) -> list: # of dicts
    "Read the code cells that are not empty"
    return [c for c in read_cells(notebook) if c['cell_type'] == 'code' and c['source'].strip()]


def flags(
    cell:dict, # a code cell
) -> set: # for example {'export'} or {'hide', 'slow'}
    "Find the words that follow `#|` in a cell"
    return set(re.findall(r'^#\|\s*(\w+)', cell['source'], re.M))


def is_exported(
    cell:dict, # a code cell
) -> bool:
    "Say whether the cell becomes part of a module"
    return bool(flags(cell) & {'export', 'exports', 'exporti'})


def exported_module(
    notebook:Path, # its path
) -> str|None: # for example `score.metrics`
    "Find the module that a notebook writes"
    found = (re.search(r'^#\|\s*default_exp\s+(\S+)', c['source'], re.M) for c in code_cells(notebook))
    return next((m[1] for m in found if m), None)


def python(
    cell:dict, # a code cell
) -> str: # its source, of the same number of lines
    "Replace commands of IPython (lines with % or !) by `pass`"
    if cell['source'].startswith('%%'):
        return ''
    return re.sub(r'^(\s*)[%!].*$', r'\1pass', cell['source'], flags=re.M)


def parsed(
    cell:dict, # a code cell
) -> ast.Module:
    "Parse a cell"
    return ast.parse(python(cell))
