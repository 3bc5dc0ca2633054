"Measures of all notebooks, as a table; with --check, what must hold for them and for the package."
import ast
import json
import re
import statistics
import sys
from collections import namedtuple
from pathlib import Path

from fastcore.script import call_parse

from cells import code_cells, flags, is_exported, parsed, python, read_cells
from project import PACKAGE, chapters, module_name, modules, name_of, notebooks

LINE = 120 # characters of a line of code
BODY, SHORT_BODY, SHORT_SHARE = 30, 20, 0.9 # lines of a function's body; how many have fewer than 20
CHAPTER_CELLS = 50 # visible cells of a chapter
CHAPTER_PROSE = 0.6 # characters of prose for one of code, at least
PART_PROSE = 0.35 # of a part that does not draw the sample
CHAPTER_PICTURES, FIRST_PICTURES = 5, 2 # pictures of a chapter at least; of 00_core
MODULE_LINES = 400 # of an exported module
OUTPUT_BYTES = 300_000 # of a notebook's saved outputs
SHOWN_WITHIN, SHOWN_SHARE = 3, 0.9 # code cells; how many of the public functions these show or test
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PICTURE = re.compile(r'"image/(?:png|jpeg|svg\+xml)": |data:image/')

Measures = namedtuple('Measures', 'cells prose code bodies public shown long joined pictures output_bytes')


# One cell

def is_hidden(
    cell:dict, # any cell
) -> bool:
    "Say whether a reader of the site does not see the cell at all"
    return cell['cell_type'] == 'raw' or (cell['cell_type'] == 'code' and 'hide' in flags(cell))


def prose_size(
    text:str, # Markdown
) -> int: # characters
    "Count what is written for the reader, without blocks of code"
    return len(re.sub(r'^```.*?^```', '', text, flags=re.M | re.S).strip())


def code_size(
    cell:dict, # a code cell
) -> int: # characters
    "Count the code without the lines that steer nbdev"
    return len(re.sub(r'^#\|.*\n?', '', cell['source'], flags=re.M).strip())


def body_size(
    function:ast.FunctionDef, # or an async one
) -> int: # lines
    "Count the lines of a body; signature and docstring do not belong to it"
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def bodies(
    cell:dict, # a code cell
) -> list: # of (name, lines)
    "Measure every function of a cell, methods and inner functions too"
    return [(f.name, body_size(f)) for f in ast.walk(parsed(cell)) if isinstance(f, FUNCTIONS)]


def long_lines(
    source:str, # of a cell or a file
) -> list: # line numbers
    "Find the lines that are too long"
    return [i for i, line in enumerate(source.splitlines(), 1) if len(line) > LINE]


def joined_statements(
    source:str, # Python
) -> list: # line numbers
    "Find statements with anything before them on their line: `a; b`, `if x: y`, `def f(): return x`"
    lines = source.encode().splitlines() # columns count bytes
    statements = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.stmt)]
    return sorted(s.lineno for s in statements if lines[s.lineno - 1][:s.col_offset].strip())


# Public functions

def public_functions(
    cell:dict, # a code cell
) -> list: # names
    "Name the public functions that an exported cell defines"
    found = parsed(cell).body if is_exported(cell) else []
    return [f.name for f in found if isinstance(f, FUNCTIONS) and not f.name.startswith('_')]


def used_names(
    cell:dict, # a code cell
) -> set: # of names
    "Find the names that a cell uses; imports do not count"
    nodes = list(ast.walk(parsed(cell)))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


def shown_functions(
    code:list, # all code cells of a notebook
) -> list: # names
    "Name the public functions that one of the next three code cells shows or tests; an exported cell does neither"
    found = []
    for i, cell in enumerate(code):
        after = [c for c in code[i + 1:i + 1 + SHOWN_WITHIN] if not is_exported(c)]
        used = set().union(*map(used_names, after))
        found += [name for name in public_functions(cell) if name in used]
    return found


# One notebook

def measure(
    notebook:Path, # its path
) -> Measures: # of a notebook
    "Measure a notebook"
    cells, code = read_cells(notebook), code_cells(notebook)
    outputs = [json.dumps(o) for c in code for o in c['outputs']]
    return Measures(
        cells=sum(not is_hidden(c) for c in cells),
        prose=sum(prose_size(c['source']) for c in cells if c['cell_type'] == 'markdown'),
        code=sum(code_size(c) for c in code),
        bodies=[b for c in code for b in bodies(c)],
        public=sum(len(public_functions(c)) for c in code),
        shown=len(shown_functions(code)),
        long=[(c['id'], i) for c in code for i in long_lines(c['source'])],
        joined=[(c['id'], i) for c in code for i in joined_statements(python(c))],
        pictures=sum(len(PICTURE.findall(o)) for o in outputs),
        output_bytes=sum(map(len, outputs)))


def total(
    measured:list, # of `Measures`
) -> Measures: # of all notebooks together
    "Add measures up"
    sums = []
    for values in zip(*measured, strict=True):
        start = [] if isinstance(values[0], list) else 0
        sums.append(sum(values, start))
    return Measures(*sums)


# The table

HEAD = ('notebook', 'cells', 'prose/code', 'bodies', 'median', 'longest', '<20', 'public', 'shown',
        'long', 'joined', 'pictures', 'kB')


def share(
    part:float, # some of
    whole:float, # all of them
) -> str: # as a percentage
    "Write a share; of nothing there is none"
    return f'{part/whole:.0%}' if whole else '-'


def short_bodies(
    m:Measures, # of one notebook or all
) -> int: # how many
    "Count the bodies under 20 lines"
    return sum(size < SHORT_BODY for _, size in m.bodies)


def row(
    name:str, # of the notebook
    m:Measures, # of it
) -> tuple: # of texts
    "Write the measures of a notebook"
    sizes = [size for _, size in m.bodies] or [0]
    return (name, m.cells, f'{m.prose/max(m.code, 1):.2f}', len(m.bodies), f'{statistics.median(sizes):g}', max(sizes),
            share(short_bodies(m), len(m.bodies)), m.public, share(m.shown, m.public),
            len(m.long), len(m.joined), m.pictures, f'{m.output_bytes/1000:.0f}')


def print_table(
    measured:dict, # {name of a notebook: its measures}
):
    "Print a line for each notebook and one for all"
    rows = [HEAD, *(row(*item) for item in measured.items()), row('all', total(list(measured.values())))]
    widths = [max(len(str(r[i])) for r in rows) for i in range(len(HEAD))]
    for first, *others in rows:
        print(first.ljust(widths[0]), *(str(o).rjust(w) for o, w in zip(others, widths[1:], strict=True)), sep='  ')


# The check

def chapter_problems(
    name:str, # of the chapter
    m:Measures, # of it
) -> list: # one line for each
    "Find what a chapter must not have"
    found = []
    if m.cells > CHAPTER_CELLS:
        found.append(f'{m.cells} visible cells, more than {CHAPTER_CELLS}')
    pictures = FIRST_PICTURES if name == '00_core' else CHAPTER_PICTURES
    if m.pictures < pictures:
        found.append(f'{m.pictures} pictures, fewer than {pictures}')
    return found


def least_prose(
    name:str, # of the notebook
    is_chapter:bool, # or part, appendix, index
) -> float: # characters of prose for one of code; 0 for the appendix and for what draws the sample
    "Say how much prose a notebook must have"
    if is_chapter:
        return CHAPTER_PROSE
    return PART_PROSE if name.startswith('parts/') and not name.startswith('parts/sample/') else 0


def notebook_problems(
    name:str, # of the notebook
    m:Measures, # of it
    is_chapter:bool=False, # or part, appendix, index
) -> list: # one line for each
    "Find what a notebook must not have"
    found = [f'cell {cell}, line {i} is longer than {LINE} characters' for cell, i in m.long]
    found += [f'cell {cell}, line {i} holds more than one statement' for cell, i in m.joined]
    found += [f'the body of {f} has {size} lines, more than {BODY}' for f, size in m.bodies if size > BODY]
    if is_chapter:
        found += chapter_problems(name, m)
    if m.prose < least_prose(name, is_chapter)*m.code:
        ratio = f'{m.prose/m.code:.2f} characters of prose for one of code'
        found.append(f'{ratio}, less than {least_prose(name, is_chapter)}')
    if m.output_bytes > OUTPUT_BYTES:
        found.append(f'{m.output_bytes:,} bytes of outputs, more than {OUTPUT_BYTES:,}')
    return [f'{name}: {f}' for f in found]


def module_problems() -> list: # one line for each
    "Find exported modules that are too long; those that draw the sample may be"
    sizes = {p: len(p.read_text(encoding='utf-8').splitlines()) for p in modules()}
    return [f'{p.relative_to(PACKAGE)}: {n} lines, more than {MODULE_LINES}' for p, n in sizes.items()
            if n > MODULE_LINES and module_name(p).partition('.')[0] != 'sample']


def problems(
    measured:dict, # {path of a notebook: its measures}
) -> list: # one line for each
    "Find everything that must not be"
    found = module_problems()
    for path, m in measured.items():
        found += notebook_problems(name_of(path), m, path in chapters())
    every = total(list(measured.values()))
    if every.shown < SHOWN_SHARE*every.public:
        found.append(f'only {share(every.shown, every.public)} of the public functions are shown or tested in the next '
                     f'{SHOWN_WITHIN} code cells, less than {SHOWN_SHARE:.0%}')
    if short_bodies(every) < SHORT_SHARE*len(every.bodies):
        found.append(f'only {share(short_bodies(every), len(every.bodies))} of all bodies have '
                     f'fewer than {SHORT_BODY} lines, less than {SHORT_SHARE:.0%}')
    return found


@call_parse
def main(
    check:bool=False, # exit with 1 where something is longer than it may be, and say where
):
    "Print the measures of all notebooks"
    measured = {path: measure(path) for path in notebooks()}
    print_table({name_of(path): m for path, m in measured.items()})
    found = problems(measured) if check else []
    print('\n'.join(['', *found]) if found else '')
    sys.exit(bool(found))
