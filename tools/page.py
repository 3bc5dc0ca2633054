"Open the report of a split in a real browser without a network, as a telephone and as a desk show it."
import json
import signal
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from playwright.sync_api import sync_playwright

from lab import QUIET, browser
from project import LOGS

SIZES = {'phone': (390, 844), 'desk': (1280, 900)} # width and height in CSS pixels
SMALLEST = 13 # CSS pixels of the smallest text
LOOK = """async ([classes, smallest]) => {
  const found = [], text = e => (e.textContent || '').trim().slice(0, 40), box = e => e.getBoundingClientRect()
  for (const m of document.images) {
    m.scrollIntoView()
    const drawn = await m.decode().then(() => m.naturalWidth > 0 && box(m).width > 0, () => false)
    if (!drawn) found.push(`the picture "${m.alt}" is not drawn`)
  }
  const page = document.documentElement
  if (page.scrollWidth > innerWidth) {
    const wide = [...document.body.querySelectorAll('*')].filter(e => box(e).right > innerWidth + 1 && !e.parentElement.closest('.scroll, .legend'))
    found.push(`the page is ${page.scrollWidth} pixels wide, ${innerWidth} are there: ${wide.slice(0, 3).map(e => e.tagName + ' ' + text(e)).join('; ')}`)
  }
  for (const e of document.body.querySelectorAll('*'))
    if ([...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) && parseFloat(getComputedStyle(e).fontSize) < smallest) { found.push(`"${text(e)}" is smaller than ${smallest} pixels`); break }
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
    if (own.left < bar.left - 1 || own.right > bar.right + 1) { found.push('a bar is drawn outside its place'); break }
  }
  const legend = document.querySelector('.legend')
  if (legend && box(legend).height > innerHeight/8) found.push('the legend covers what it explains')
  const rows = document.querySelectorAll('#scores tbody tr').length
  if (rows != classes) found.push(`there are ${rows} rows for ${classes} classes`)
  if (!document.images.length) found.push('there is no picture')
  scrollTo(0, 0)
  for (const name of ['h1', '.big']) {
    const e = document.querySelector(name)
    if (!e || !text(e) || !e.checkVisibility() || box(e).bottom > innerHeight) found.push(`${name} is not to be seen at the top`)
  }
  return found
}"""


def make_report(
    folder:Path, # where to write
) -> Path: # the page
    "Score the sample's model on the sample, as a user would"
    from seg_nb.evaluation import evaluate
    from seg_nb.index import sample_data
    from seg_nb.training import sample_checkpoint
    with redirect_stdout(StringIO()): evaluate(sample_data(), sample_checkpoint()/'best.safetensors', 'test', folder)
    return folder/'report_test.html'


def look(
    chromium, # a browser
    path:Path, # of the page
    size:tuple, # width and height of the window in CSS pixels
    classes:int, # rows that the table of scores should have
    picture:Path, # the screenshot to write
) -> list: # one line for each thing wrong
    "Open a page without a network, note what it asks for, look at all of it"
    asked, said, address = [], [], path.resolve().as_uri()
    context = chromium.new_context(viewport=dict(zip(('width', 'height'), size)), offline=True)
    page = context.new_page()
    page.on('request', lambda r: asked.append(r.url))
    page.on('console', lambda m: said.append(m.text) if m.type in ('error', 'warning') else None)
    page.on('pageerror', lambda e: said.append(str(e)))
    page.goto(address)
    found = page.evaluate(LOOK, [classes, SMALLEST])
    page.screenshot(path=picture, full_page=True)
    context.close()
    outside = [u for u in dict.fromkeys(asked) if u.split('#')[0] != address and not u.startswith('data:')]
    return found + [f'asked for {u[:100]}' for u in outside] + [f'the console says: {s[:200]}' for s in said]


def check(
    path:Path, # of a page; metrics_{split}.json beside it
) -> list: # one line for each thing wrong
    "Look at a page in each size"
    classes = len(json.loads(path.with_name(path.name.replace('report_', 'metrics_')).with_suffix('.json').read_text())['classes'])
    pictures = LOGS/'page'
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=[*QUIET.split(), '--no-sandbox'])
        found = [f'{name}: {wrong}' for name, size in SIZES.items() for wrong in look(chromium, path, size, classes, pictures/f'{name}.png')]
        chromium.close()
    return found


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)) # so that the folder is removed
    with tempfile.TemporaryDirectory() as tmp:
        report = Path(sys.argv[1]) if sys.argv[1:] else make_report(Path(tmp))
        wrong = check(report)
        print(f'{report.name}: {report.stat().st_size/1e6:.1f} MB, at {" and ".join(f"{w}×{h}" for w, h in SIZES.values())}')
    print('\n'.join(wrong) or 'nothing is asked for elsewhere, all pictures are drawn, nothing is wider than the window')
    sys.exit(bool(wrong))
