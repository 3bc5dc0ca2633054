"Open the report of a split in a real browser without a network, as a telephone and as a desk show it."
import json
import signal
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from fastcore.script import call_parse
from playwright.sync_api import sync_playwright

from browser import launch
from project import LOGS

SIZES = {'phone': (390, 844), 'desk': (1280, 900)} # width and height in CSS pixels
SMALLEST = 13 # CSS pixels of the smallest text
LOOK = """async ([classes, smallest]) => {
  const found = [], page = document.documentElement
  const text = e => (e.textContent || '').trim().slice(0, 40)
  const box = e => e.getBoundingClientRect()
  for (const m of document.images) {
    m.scrollIntoView()
    const drawn = await m.decode().then(() => m.naturalWidth > 0 && box(m).width > 0, () => false)
    if (!drawn) found.push(`the picture "${m.alt}" is not drawn`)
  }
  if (page.scrollWidth > innerWidth) {
    const wide = [...document.body.querySelectorAll('*')]
      .filter(e => box(e).right > innerWidth + 1 && !e.parentElement.closest('.scroll, .legend'))
      .slice(0, 3).map(e => e.tagName + ' ' + text(e)).join('; ')
    found.push(`the page is ${page.scrollWidth} pixels wide, ${innerWidth} are there: ${wide}`)
  }
  for (const e of document.body.querySelectorAll('*')) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())
    if (own && parseFloat(getComputedStyle(e).fontSize) < smallest) {
      found.push(`"${text(e)}" is smaller than ${smallest} pixels`)
      break
    }
  }
  const links = [...document.querySelectorAll('a[href^="#"]')]
  if (!links.length) found.push('there is no table of contents')
  for (const a of links) {
    a.click()
    const to = document.getElementById(decodeURIComponent(a.hash.slice(1)))
    const bottom = page.scrollHeight - innerHeight - scrollY < 2
    if (!to || !(bottom || Math.abs(box(to).top) < 60)) found.push(`${a.hash} leads nowhere`)
  }
  for (const part of document.querySelectorAll('.bar > *')) {
    const bar = box(part.parentElement), own = box(part)
    if (own.left < bar.left - 1 || own.right > bar.right + 1) {
      found.push('a bar is drawn outside its place')
      break
    }
  }
  const legend = document.querySelector('.legend')
  if (legend && box(legend).height > innerHeight/8) found.push('the legend covers what it explains')
  const rows = document.querySelectorAll('#scores tbody tr').length
  if (rows != classes) found.push(`there are ${rows} rows for ${classes} classes`)
  if (!document.images.length) found.push('there is no picture')
  scrollTo(0, 0)
  for (const name of ['h1', '.big']) {
    const e = document.querySelector(name)
    const visible = e && text(e) && e.checkVisibility() && box(e).bottom <= innerHeight
    if (!visible) found.push(`${name} is not to be seen at the top`)
  }
  return found
}"""


def make_report(
    folder:Path, # where to write
) -> Path: # the page
    "Score the sample's model on the sample, as a user would"
    from seg_nb.demo import sample_checkpoint, sample_data
    from seg_nb.evaluation import evaluate
    with redirect_stdout(StringIO()):
        evaluate(sample_data(), sample_checkpoint()/'best.safetensors', 'test', folder)
    return folder/'report_test.html'


def look(
    page, # a browser page without a network
    report:Path, # of the page
    classes:int, # rows that the table of scores should have
    picture:Path, # the screenshot to write
) -> list: # one line for each thing wrong
    "Open a report, note what it asks for, look at all of it"
    address, requests, messages = report.resolve().as_uri(), [], []
    page.on('request', lambda r: requests.append(r.url))
    page.on('console', lambda m: messages.append(m.text) if m.type in ('error', 'warning') else None)
    page.on('pageerror', lambda e: messages.append(str(e)))
    page.goto(address)
    found = page.evaluate(LOOK, [classes, SMALLEST])
    page.screenshot(path=picture, full_page=True)
    outside = [u for u in dict.fromkeys(requests) if u.split('#')[0] != address and not u.startswith('data:')]
    found += [f'asked for {u[:100]}' for u in outside]
    return found + [f'the console says: {m[:200]}' for m in messages]


def count_classes(
    report:Path, # a page, metrics_{split}.json beside it
) -> int: # with the background
    "Count the classes that were scored"
    metrics = report.with_name(report.stem.replace('report_', 'metrics_') + '.json')
    return len(json.loads(metrics.read_text(encoding='utf-8'))['classes'])


def check(
    report:Path, # a page, metrics_{split}.json beside it
    patience:float, # seconds that the browser may take for a step
) -> list: # one line for each thing wrong
    "Look at a page in each size"
    found = []
    pictures = LOGS/'page'
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={'width': width, 'height': height}, offline=True)
            page.set_default_timeout(patience*1000)
            wrong = look(page, report, count_classes(report), pictures/f'{name}.png')
            found += [f'{name}: {w}' for w in wrong]
            page.close()
        browser.close()
    return found


@call_parse
def main(
    report:str='', # path of a page; without one, the sample's model is scored
    patience:float=300, # seconds that the browser may take for a step
):
    "Look at a report; exit with 1 where something is wrong"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # so that the folder is removed
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(report) if report else make_report(Path(tmp))
        wrong = check(path, patience)
        sizes = ' and '.join(f'{w}×{h}' for w, h in SIZES.values())
        print(f'{path.name}: {path.stat().st_size/1e6:.1f} MB, at {sizes}')
    print('\n'.join(wrong) or 'nothing comes from elsewhere, all pictures are drawn, nothing is wider than the window')
    sys.exit(bool(wrong))
