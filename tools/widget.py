"Use the browser of a data folder in JupyterLab as a reader does: next, another class, no labels."
import signal
import sys
from pathlib import Path

import nbformat
from fastcore.script import call_parse
from playwright.sync_api import Error

from lab import lab_page, run_all
from project import LOGS

CELL = '''from seg_nb.demo import sample_data
from seg_nb.inspect.browsers import explore

explore(sample_data())'''
STATE = """() => {
  const shown = document.querySelector('.jp-OutputArea-output img.widget-image')
  const texts = [...document.querySelectorAll('.jp-OutputArea-output .widget-html-content')]
  const ready = shown && shown.complete && shown.naturalWidth > 0 && texts.length > 1
  return ready ? [shown.src, texts.at(-1).textContent] : null
}"""
CHANGED = f"""([picture, text]) => {{
  const now = ({STATE})()
  return now && now[0] != picture && now[1].includes(text) ? now : null
}}"""


def new_notebook(
    path:Path, # where to write it
):
    "Write a notebook whose only cell opens the browser"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata['kernelspec'] = {'name': 'python3', 'display_name': 'Python 3', 'language': 'python'}
    nbformat.write(notebook, path)


def wait(
    page, # a browser page that shows the browser
    picture:str, # address of the picture before
    text:str, # what the line beside the new picture contains
) -> tuple: # address of the new picture and the line
    "Wait until another picture is drawn, and the line names it"
    try:
        return page.wait_for_function(CHANGED, arg=[picture, text]).json_value()
    except Error:
        sys.exit(f'expected another picture and {text!r}, and it shows {page.evaluate(STATE)}')


def without_labels(
    page, # a browser page that shows the browser
):
    "Move the slider of the labels to its lowest value by the keyboard"
    page.locator('.widget-slider', has_text='labels').locator('.noUi-handle').focus()
    page.keyboard.press('Home')


def use(
    page, # a browser page with the notebook run
):
    "Go on, choose a class, fade the labels out; after each, look at picture and line"
    picture, _ = wait(page, '', '1 of ')
    page.get_by_role('button', name='next').click()
    picture, _ = wait(page, picture, '2 of ')
    page.locator('.widget-dropdown', has_text='class').locator('select').select_option('Horse')
    picture, line = wait(page, picture, 'Horse')
    page.screenshot(path=LOGS/'lab/widget.png')
    if not line.startswith('1 of '):
        sys.exit(f'with another class it begins at {line!r}')
    without_labels(page)
    wait(page, picture, line)


@call_parse
def main(
    limit:float=3600, # seconds the cell may take: it may make the sample
    patience:float=300, # seconds that anything else may take
):
    "Use the browser; exit with 1 where it does not show what was chosen"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # so that the server is stopped and the copy removed
    (LOGS/'lab').mkdir(parents=True, exist_ok=True)
    with lab_page(patience) as (copy, page, address):
        new_notebook(copy/'nbs/look.ipynb')
        run_all(page, address % 'nbs/look.ipynb', limit)
        use(page)
    print('the browser shows what was chosen')
