"Run one notebook in JupyterLab in a real browser, on a copy, and look at what it shows."
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

from project import LOGS, ROOT, copy_project, environment

QUIET = '--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage'
RUN_ALL = """() => {
  window.finished = false
  const run = async () => {
    const app = window.jupyterapp, panel = app.shell.currentWidget
    await panel.context.ready; await panel.sessionContext.ready
    await app.commands.execute('notebook:run-all-cells')
  }
  run().catch(e => console.error(e)).finally(() => { window.finished = true })
}"""
SHOWN = """async i => {
  const notebook = window.jupyterapp.shell.currentWidget.content
  await notebook.scrollToItem(i, 'start')
  const images = [...notebook.widgets[i].node.querySelectorAll('.jp-RenderedImage img')]
  return images.length > 0 && images.every(m => m.complete && m.naturalWidth > 0 && m.getBoundingClientRect().height > 0)
}"""


def browser() -> str|None: # path of a Chromium, if this machine has one
    "Find a browser"
    return next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)


def free_port() -> int: # a TCP port that nobody uses on the loopback interface
    "Ask the system for a port"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_until_up(
    url:str, # a page of the server
    server:subprocess.Popen, # its process
    limit:int=90, # seconds
):
    "Wait until a server answers"
    end = time.time() + limit
    while time.time() < end and server.poll() is None:
        try: return urlopen(url, timeout=5).close()
        except (URLError, OSError): time.sleep(0.2)
    raise RuntimeError('JupyterLab did not start')


@contextmanager
def jupyterlab(
    folder:Path, # what it serves
    home:Path, # folder for its settings
): # yields the address, with a %s for the path of a notebook
    "Serve a folder on the loopback interface; stop at the end, whatever happens"
    settings = home/'config/labconfig/page_config.json'
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({'disabledExtensions': {'@jupyterlab/apputils-extension:announcements': True}}))
    port, token = free_port(), secrets.token_hex(16)
    options = {'ServerApp.ip': '127.0.0.1', 'ServerApp.port': port, 'ServerApp.port_retries': 0, 'ServerApp.root_dir': folder,
               'ServerApp.open_browser': False, 'ServerApp.allow_root': True, 'IdentityProvider.token': token,
               'LabApp.expose_app_in_browser': True, 'Application.log_level': 'WARN'}
    server = subprocess.Popen([sys.executable, '-m', 'jupyterlab', *(f'--{k}={v}' for k, v in options.items())], env=environment(home))
    try:
        wait_until_up(f'http://127.0.0.1:{port}/api?token={token}', server)
        yield f'http://127.0.0.1:{port}/lab/workspaces/check/tree/%s?reset&token={token}'
    finally:
        server.terminate()
        try: server.wait(20)
        except subprocess.TimeoutExpired: server.kill()


def run_all(
    page, # a browser page
    url:str, # of the notebook in JupyterLab
    limit:int, # seconds the cells may take
) -> dict: # the notebook as JupyterLab holds it after the run
    "Open a notebook, run all its cells, return its model"
    page.goto(url)
    page.wait_for_function('window.jupyterapp?.shell?.currentWidget?.content?.model?.cells?.length > 0', timeout=90_000)
    page.evaluate(RUN_ALL)
    page.wait_for_function('window.finished', timeout=limit*1000)
    return page.evaluate('() => window.jupyterapp.shell.currentWidget.content.model.toJSON()')


def lasting(
    cell:dict, # a code cell
) -> list: # its outputs that stay: no progress bars, nothing from stderr
    "What a reader of the saved notebook should see"
    bar = 'application/vnd.jupyter.widget-view+json'
    return [o for o in cell['outputs'] if o.get('name') != 'stderr' and bar not in o.get('data', {})]


def problems(
    model:dict, # the notebook after the run
    saved:dict, # the notebook as it is in the repository
) -> list: # one line for each thing wrong
    "Read from the model what the page only shows where one has scrolled"
    code = [(i, c) for i, c in enumerate(model['cells']) if c['cell_type'] == 'code' and ''.join(c['source']).strip()]
    errors = [f"cell {i}: {o['ename']}: {o['evalue']}" for i, c in code for o in c['outputs'] if o['output_type'] == 'error']
    idle = [f'cell {i} was not run' for i, c in code if not c['execution_count']]
    lost = [f"cell {i} shows something that is not saved in the notebook" for i, c in code
            if lasting(c) and not saved['cells'][i].get('outputs')]
    return ([] if code else ['there is no code cell']) + errors + idle + lost


def figures(
    model:dict, # the notebook after the run
) -> list: # indices of the cells that show an image
    "Find the figures"
    image = lambda o: {'image/png', 'image/jpeg'} & set(o.get('data', {})) and 'text/html' not in o['data']
    return [i for i, c in enumerate(model['cells']) if c['cell_type'] == 'code' and any(map(image, c['outputs']))]


def look(
    page, # a browser page after the run
    shown:list, # indices of the cells that show an image
    picture:Path, # the screenshot to write
) -> list: # one line for each figure that the browser does not show
    "Scroll to each figure, wait until it is drawn, take a screenshot at the first"
    missing = []
    for i in reversed(shown):
        try: page.wait_for_function(SHOWN, arg=i, timeout=10_000)
        except Exception: missing.append(f'the figure of cell {i} is not drawn')
    page.wait_for_timeout(300)
    page.screenshot(path=picture)
    return missing


def check(
    path:Path, # a notebook of the project
    limit:int=540, # seconds its cells may take
) -> list: # one line for each thing wrong
    "Run a copy of a notebook in JupyterLab"
    picture = LOGS/'lab'/f'{path.stem}.png'
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp, sync_playwright() as playwright:
        copy = copy_project(Path(tmp)/'project')
        with jupyterlab(copy, Path(tmp)/'home') as address:
            chromium = playwright.chromium.launch(executable_path=browser(), args=[*QUIET.split(), '--no-sandbox'])
            page = chromium.new_page(viewport={'width': 1400, 'height': 1100})
            start = time.time()
            try: model = run_all(page, address % path.relative_to(ROOT), limit)
            except Exception:
                page.screenshot(path=picture)
                raise
            print(f'{path.name}: {time.time() - start:.0f} s, {len(figures(model))} cells with figures')
            found = problems(model, json.loads(path.read_text())) + look(page, figures(model), picture)
            page.evaluate('() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()')
            chromium.close()
    return found


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # so that the server is stopped and the copy removed
    wrong = check(Path(sys.argv[1]).resolve())
    print('\n'.join(wrong) or 'all cells ran, all figures are drawn')
    sys.exit(bool(wrong))
