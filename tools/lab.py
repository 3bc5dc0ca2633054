"Run one notebook in JupyterLab in a real browser, on a copy, and look at what it shows."
import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from fastcore.script import call_parse
from nbdev.clean import nbdev_clean
from playwright.sync_api import Error, sync_playwright

from browser import launch
from cells import read_cells
from files import WIDGET
from project import LOGS, PYTHON, ROOT, environment, name_of, project_copy

RUN_ALL = """() => {
  window.finished = false
  const run = async () => {
    const app = window.jupyterapp, panel = app.shell.currentWidget
    await panel.context.ready; await panel.sessionContext.ready
    await app.commands.execute('notebook:run-all-cells')
  }
  run().catch(e => console.error(e)).finally(() => { window.finished = true })
}"""
OPENED = 'window.jupyterapp?.shell?.currentWidget?.content?.model?.cells?.length > 0'
MODEL = '() => window.jupyterapp.shell.currentWidget.content.model.toJSON()'
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
STOP_KERNEL = '() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()'
SHOWN = """async i => {
  const notebook = window.jupyterapp.shell.currentWidget.content
  await notebook.scrollToItem(i, 'start')
  const images = [...notebook.widgets[i].node.querySelectorAll('.jp-RenderedImage img')]
  const drawn = m => m.complete && m.naturalWidth > 0 && m.getBoundingClientRect().height > 0
  return images.length > 0 && images.every(drawn)
}"""

WIDTHS = """async i => {
  const notebook = window.jupyterapp.shell.currentWidget.content
  await notebook.scrollToItem(i, 'start')
  const code = notebook.widgets[i].node.querySelector('.jp-InputArea-editor .cm-scroller')
  return code && code.clientWidth > 0 ? [code.scrollWidth, code.clientWidth] : null
}"""
SIZE = {'width': 1400, 'height': 900} # CSS pixels of the window


# The server

def free_port() -> int: # a TCP port that nobody uses on the loopback interface
    "Ask the system for a port"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_until_up(
    url:str, # a page of the server
    server:subprocess.Popen, # its process
    limit:float, # seconds
):
    "Wait until a server answers"
    end = time.time() + limit
    while time.time() < end and server.poll() is None:
        try:
            return urlopen(url, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError('JupyterLab did not start')


@contextmanager
def jupyterlab(
    folder:Path, # what it serves
    home:Path, # folder for its settings
    limit:float, # seconds it may take to start
): # yields the address, with a %s for the path of a notebook
    "Serve a folder on the loopback interface; stop at the end, whatever happens"
    settings = home/'config/labconfig/page_config.json'
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({'disabledExtensions': {'@jupyterlab/apputils-extension:announcements': True}}))
    port, token = free_port(), secrets.token_hex(16)
    options = {
        'ServerApp.ip': '127.0.0.1', 'ServerApp.port': port, 'ServerApp.port_retries': 0,
        'ServerApp.root_dir': folder, 'ServerApp.open_browser': False, 'ServerApp.allow_root': True,
        'IdentityProvider.token': token, 'LabApp.expose_app_in_browser': True, 'Application.log_level': 'WARN'}
    command = [PYTHON, '-m', 'jupyterlab', *(f'--{k}={v}' for k, v in options.items())]
    server = subprocess.Popen(command, env=environment(home))
    try:
        wait_until_up(f'http://127.0.0.1:{port}/api?token={token}', server, limit)
        yield f'http://127.0.0.1:{port}/lab/workspaces/check/tree/%s?reset&token={token}'
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


@contextmanager
def lab_page(
    patience:float, # seconds that the server, a page and a figure may take
): # yields a copy of the project, a browser page, and the address of a notebook with a %s for its path
    "Serve a copy of the project and open a browser; close both at the end"
    with project_copy() as copy, sync_playwright() as playwright:
        with jupyterlab(copy, copy.parent/'home', patience) as address:
            browser = launch(playwright)
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(patience*1000)
            yield copy, page, address
            page.evaluate(STOP_KERNEL)
            browser.close()


# The notebook in it

def run_all(
    page, # a browser page
    url:str, # of the notebook in JupyterLab
    limit:float, # seconds the cells may take
) -> dict: # the notebook as JupyterLab holds it after the run
    "Open a notebook, run all its cells, return its model"
    page.goto(url)
    page.wait_for_function(OPENED)
    page.evaluate(RUN_ALL)
    page.wait_for_function('window.finished', timeout=limit*1000)
    return page.evaluate(MODEL)


def lasting(
    cell:dict, # a code cell
) -> list: # its outputs that stay: no progress bars, nothing from stderr
    "What a reader of the saved notebook should see"
    return [o for o in cell['outputs'] if o.get('name') != 'stderr' and WIDGET not in o.get('data', {})]


def cell_problems(
    cell:dict, # a code cell after the run
    saved:dict, # the same cell as it is in the repository
) -> list: # what is wrong
    "Find errors, cells that were not run, and outputs that are not saved"
    found = [f"{o['ename']}: {o['evalue']}" for o in cell['outputs'] if o['output_type'] == 'error']
    if not cell['execution_count']:
        found.append('was not run')
    if lasting(cell) and not saved.get('outputs'):
        found.append('shows something that is not saved in the notebook')
    return found


def problems(
    model:dict, # the notebook after the run
    saved:dict, # the notebook as it is in the repository
) -> list: # one line for each thing wrong
    "Read from the model what the page only shows where one has scrolled"
    cells = list(enumerate(zip(model['cells'], saved['cells'], strict=True)))
    code = [(i, c, s) for i, (c, s) in cells if c['cell_type'] == 'code' and ''.join(c['source']).strip()]
    found = [f'cell {i}: {p}' for i, c, s in code for p in cell_problems(c, s)]
    return found if code else ['there is no code cell']


def is_figure(
    output:dict, # of a code cell
) -> bool: # whether it is shown as an image
    "Recognize a figure"
    data = output.get('data', {})
    return bool({'image/png', 'image/jpeg'} & set(data)) and 'text/html' not in data


def figures(
    model:dict, # the notebook after the run
) -> list: # indices of the cells that show an image
    "Find the figures"
    return [i for i, c in enumerate(model['cells']) if c['cell_type'] == 'code' and any(map(is_figure, c['outputs']))]


def look(
    page, # a browser page after the run
    shown:list, # indices of the cells that show an image
    picture:Path, # the screenshot to write
) -> list: # one line for each figure that the browser does not show
    "Scroll to each figure, wait until it is drawn, take a screenshot at the first"
    missing = []
    for i in reversed(shown):
        try:
            page.wait_for_function(SHOWN, arg=i)
        except Error:
            missing.append(f'the figure of cell {i} is not drawn')
    page.wait_for_timeout(300)
    page.screenshot(path=picture)
    return missing


def sources(
    notebook:Path, # its path
) -> list: # of (id, type, source)
    "List what the author of a notebook wrote"
    return [(c['id'], c['cell_type'], c['source']) for c in read_cells(notebook)]


def saving_problems(
    page, # a browser page after the run
    copy:Path, # the notebook that it shows
    notebook:Path, # the same in the project
) -> list: # one line at most
    "Save the notebook, clean it, and compare what is written in its cells"
    before = copy.stat().st_mtime_ns
    page.evaluate(SAVE)
    if copy.stat().st_mtime_ns == before:
        return ['it was not saved']
    nbdev_clean(copy.as_posix())
    return [] if sources(copy) == sources(notebook) else ['saved and cleaned, it has other cells than before']


def wide_cells(
    page, # a browser page
    model:dict, # the notebook
) -> list: # one line for each code cell with a line that runs off the page
    "Scroll to each code cell and compare its width with that of its code"
    found = []
    for i, cell in enumerate(model['cells']):
        if cell['cell_type'] == 'code':
            code, shown = page.wait_for_function(WIDTHS, arg=i).json_value()
            if code > shown + 1:
                found.append(f'cell {i}: a line of code runs off the page')
    return found


def run_and_look(
    page, # a browser page
    url:str, # of the notebook in JupyterLab
    copy:Path, # the notebook that it shows
    notebook:Path, # its path in the project
    limit:float, # seconds its cells may take
) -> list: # one line for each thing wrong
    "Run a notebook and find what is wrong with it"
    picture = LOGS/'lab'/f"{name_of(notebook).replace('/', '_')}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    start = time.time()
    try:
        model = run_all(page, url, limit)
    except Error:
        page.screenshot(path=picture)
        raise
    print(f'{name_of(notebook)}: {time.time() - start:.0f} s, {len(figures(model))} cells with figures')
    saved = json.loads(notebook.read_text(encoding='utf-8'))
    found = problems(model, saved) + wide_cells(page, model) + look(page, figures(model), picture)
    return found + saving_problems(page, copy, notebook)


def check(
    notebook:Path, # its path in the project
    limit:float, # seconds its cells may take
    patience:float, # seconds that anything else may take
) -> list: # one line for each thing wrong
    "Run a copy of a notebook in JupyterLab"
    path = notebook.relative_to(ROOT)
    with lab_page(patience) as (copy, page, address):
        return run_and_look(page, address % path.as_posix(), copy/path, notebook, limit)


@call_parse
def main(
    notebook:str, # its path
    limit:float=3600, # seconds its cells may take
    patience:float=300, # seconds that anything else may take: the server to start, a page to open, a figure to appear
):
    "Run a notebook in JupyterLab; exit with 1 where something is wrong"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # so that the server is stopped and the copy removed
    wrong = check(Path(notebook).resolve(), limit, patience)
    print('\n'.join(wrong) or 'all cells ran, all figures are drawn')
    sys.exit(bool(wrong))
