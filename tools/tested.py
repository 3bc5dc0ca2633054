"Test a notebook as nbdev_test does, and compare the texts that its cells show with those saved in it."
import re
import sys
from itertools import zip_longest
from pathlib import Path

import pandas as pd
from fastcore.script import call_parse
from nbdev import test
from nbdev.config import get_config

from cells import flags, read_cells

CLOSE, SHARE = 0.02, 0.05 # numbers may differ by this much, and also by this share of the greater one
MARK = '# the output depends on the machine'
NUMBER = re.compile(r'(?<![\w#])[-−+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?')
HIDDEN = re.compile(r'<(style|script).*?</\1>|<[^<>]*>|data:[\w/+-]+;base64,[\w+/=]+', re.S)


class Remembering(test.CaptureShell):
    "The shell of nbdev_test, which keeps the notebook that it has run"
    def run_all(self, nb, **kwargs):
        Remembering.notebook = nb
        super().run_all(nb, **kwargs)

    def cell(self, cell, **kwargs):
        cell.outputs = [] # a cell that shows nothing would be without any
        if cell.source.rstrip().endswith(';'):
            cell.source += '\nNone' # after a semicolon this shell would hide what is printed, too
        super().cell(cell, **kwargs)


def shown_text(
    output:dict, # of a code cell
) -> str: # nothing for what goes to stderr, and for pictures, bars and tables that are displayed while a cell runs
    "The text that a reader sees in an output"
    data = output.get('data', {})
    if output.get('name') == 'stderr' or output['output_type'] == 'display_data':
        return ''
    text = ''.join(output.get('text') or data.get('text/markdown') or data.get('text/plain') or '')
    if 'text/html' in data and text.startswith('<'): # the name of an object that is shown as a page
        text = HIDDEN.sub(' ', ''.join(data['text/html']))
    return text


def shown_texts(
    outputs:list, # of a code cell
) -> str: # what it prints, then what it displays
    "The texts of all outputs of a cell"
    return '\n'.join(map(shown_text, sorted(outputs, key=lambda o: o['output_type'] != 'stream')))


def words_and_numbers(
    text:str, # of outputs
) -> tuple: # the words, with # for each number, and the numbers
    "Take a text apart; spaces and rules between columns do not count"
    numbers = [float(n.replace(',', '').replace('−', '-')) for n in NUMBER.findall(text)]
    words = NUMBER.sub(' # ', text)
    return re.sub(r'[-─=]{2,}', ' ', words).split(), numbers


def difference(
    saved:str, # text of a cell's outputs
    fresh:str, # the same after a new run
) -> str|None: # what differs first
    "Compare words exactly and numbers within the tolerance"
    (words, numbers), (new_words, new_numbers) = words_and_numbers(saved), words_and_numbers(fresh)
    for old, new in zip_longest(words, new_words, fillvalue='nothing'):
        if old != new:
            return f'{old!r} is saved, and now it shows {new!r}'
    for old, new in zip(numbers, new_numbers, strict=True):
        if abs(old - new) > CLOSE + SHARE*max(abs(old), abs(new)):
            return f'{old:g} is saved, and now it shows {new:g}'
    return None


def differences(
    saved:list, # cells as they are in the repository
    fresh:list, # cells after a run, those not run as they were
) -> list: # one line for each cell that shows another text
    "Compare the outputs of all cells but those that are marked, and those flagged slow or cuda, which measure"
    found = []
    for i, (old, new) in enumerate(zip(saved, fresh, strict=True)):
        if old['cell_type'] == 'code' and MARK not in old['source'] and not {'slow', 'cuda'} & flags(old):
            what = difference(shown_texts(old['outputs']), shown_texts(new.get('outputs', old['outputs'])))
            if what:
                found.append(f"cell {i} ({old['id']}): {what}")
    return found


@call_parse
def main(
    notebook:str, # its path
    also:str='', # flags of cells to run that are left out otherwise
):
    "Test a notebook; exit with 1 where a cell fails or shows another text than the saved one"
    test.CaptureShell = Remembering
    pd.set_option('display.max_columns', 20) # as in JupyterLab; here pandas would fit a table to the terminal
    path, config = Path(notebook).absolute(), get_config()
    left_out = config.tst_flags.split()
    passed, _ = test.test_nb(path, left_out, also.split(), basepath=config.config_path)
    if not passed:
        sys.exit(1)
    found = differences(read_cells(path), Remembering.notebook.cells)
    if found:
        print('\n'.join(found))
        print(f'If the change is wanted, run the notebook and save it; a cell of which the output is another '
              f'on another machine carries the comment "{MARK}".')
        sys.exit(1)
    print(f'{path.stem}: all cells ran and show what is saved')
