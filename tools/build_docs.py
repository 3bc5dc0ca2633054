"The site from the notebooks, without Quarto: nbdev's own processing, then smalldocs."
import json
import posixpath
import re
import shutil
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbdev.doclinks
import yaml
from fastcore.script import call_parse
from nbdev.config import get_config
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

from links import RELATIVE, page_of, site_url, source_url
from order import SIDEBAR, sidebar
from project import BIN

# What a browser loads without being asked to: `url(…)` and `@import` of a style, `src`, and `href` of a stylesheet
OUTSIDE = re.compile(r"""(?:url\(|@import |<[^<>]*\ssrc=|<link[^<>]*stylesheet[^<>]*\shref=)["']?"""
                     r"""((?:https?:)?//[^"')\s>]+)""")


# The notebooks as the site needs them

def processed() -> Path: # folder of the notebooks as nbdev hands them to a site builder
    "Refresh what nbdev generates, then process all notebooks"
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    SIDEBAR.write_text(sidebar(), encoding='utf-8')
    return proc_nbs(n_workers=2, force=True)


def new_target(
    path:str, # a relative link as written
    folder:str, # of the page that has the link, within the site
    pages:dict, # {notebook: its page}, both within the site
) -> str: # the link that works in the site
    "Lead to the page of a notebook; what lies outside of the notebooks' folder is in the repository"
    target = posixpath.normpath(posixpath.join(folder, path))
    if target.startswith('../'):
        return source_url() + target.removeprefix('../')
    return posixpath.relpath(pages[target], folder or '.') if target in pages else path


def relink(
    text:str, # Markdown or HTML of a notebook
    folder:str, # of the page within the site, '' at the top
    pages:dict, # {notebook: its page}, both within the site
) -> str: # the same with links that work in the site
    "Make links work wherever the site is put: those to the published site become relative"
    up = '../'*len(Path(folder).parts) or './'
    text = re.sub(re.escape(site_url()) + r'(?=[\w./-]+\.html)', up, text)
    return RELATIVE.sub(lambda m: m[1] + new_target(m[2], folder, pages), text)


def without_links(
    text:str, # Markdown
) -> str: # the same, in whose blocks of code a link is only its text
    "nbdev makes links of names in the comments of a signature, but a page shows code as it is written"
    link = re.compile(r'\[(`[^`]+`)\]\([^)\s]+\)')
    return re.sub(r'^```.*?^```', lambda block: link.sub(r'\1', block[0]), text, flags=re.M | re.S)


def relink_cell(
    cell:dict, # of a processed notebook, changed in place
    folder:str, # of the page within the site
    pages:dict, # {notebook: its page}
):
    "Make the links of a cell's text, and of the text it shows, work in the site"
    if cell['cell_type'] == 'markdown':
        cell['source'] = relink(''.join(cell['source']), folder, pages)
    for output in cell.get('outputs', []):
        data = output.get('data', {})
        for kind in data.keys() & {'text/markdown', 'text/html'}:
            data[kind] = relink(without_links(''.join(data[kind])), folder, pages)


def rewrite(
    stage:Path, # folder of processed notebooks, changed in place
    name:str, # of a notebook in it
    pages:dict, # {notebook: its page}
):
    "Give a notebook the name of its page, which smalldocs does not read from `output-file`, and mend its links"
    nb = json.loads((stage/name).read_text(encoding='utf-8'))
    first = nb['cells'][0]
    if first['cell_type'] == 'raw':
        first['source'] = re.sub(r'^output-file:.*\n', '', ''.join(first['source']), flags=re.M)
    for cell in nb['cells']:
        relink_cell(cell, posixpath.dirname(name), pages)
    (stage/name).unlink()
    (stage/pages[name]).with_suffix('.ipynb').write_text(json.dumps(nb, ensure_ascii=False), encoding='utf-8')


def configure(
    stage:Path, # folder of processed notebooks with Quarto's files, changed in place
    pages:dict, # {notebook: its page}
):
    "Leave out the options that only Quarto has, and let the sidebar name the renamed notebooks"
    bar = (stage/SIDEBAR.name).read_text(encoding='utf-8')
    bar = re.sub(r'[\w/]+\.ipynb', lambda m: str(Path(pages[m[0]]).with_suffix('.ipynb')), bar)
    (stage/SIDEBAR.name).write_text(bar, encoding='utf-8')
    quarto = yaml.safe_load((stage/'_quarto.yml').read_text(encoding='utf-8'))
    quarto['format'].pop('commonmark', None)
    quarto['format']['html'].pop('keep-md', None)
    (stage/'_quarto.yml').write_text(yaml.safe_dump(quarto, sort_keys=False), encoding='utf-8')


def build() -> Path: # the site
    "Process, stage, render"
    cfg = get_config()
    cache = processed()
    stage = cache/'_stage'
    shutil.copytree(cache, stage, ignore=shutil.ignore_patterns('_stage', cfg.doc_path.name))
    notebooks = [p.relative_to(stage) for p in sorted(stage.rglob('*.ipynb'))]
    pages = {p.as_posix(): page_of(p) for p in notebooks}
    twice = [page for page, count in Counter(pages.values()).items() if count > 1]
    if twice:
        sys.exit(f'several notebooks would become {", ".join(twice)}')
    for name in pages:
        rewrite(stage, name, pages)
    configure(stage, pages)
    subprocess.run([BIN/'smalldocs', 'render', '--strict', stage], check=True)
    shutil.rmtree(cfg.doc_path, ignore_errors=True)
    shutil.copytree(stage/cfg.doc_path.name, cfg.doc_path)
    return cfg.doc_path


# The links of the site

class Page(HTMLParser):
    "The ids and the links of an HTML page"
    def __init__(self, text):
        super().__init__()
        self.ids, self.links = {'', 'top'}, set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {v for k, v in attrs.items() if k == 'id' or (tag == 'a' and k == 'name')}
        self.links |= {v for k, v in attrs.items() if k in ('href', 'src') and v}


def broken(
    path:Path, # the page that has the link
    link:str, # as written there
    pages:dict, # {path: Page} of the whole site
) -> str|None: # what is wrong, if anything
    "Follow a link inside the site, its #anchor too, or one into the repository"
    if link.startswith(source_url()):
        file = get_config().config_path/urlsplit(link.removeprefix(source_url())).path
        return None if file.exists() else 'is not in the repository'
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return None
    target = (path.parent/unquote(url.path)).resolve() if url.path else path
    if target.is_dir():
        target /= 'index.html'
    if not target.exists():
        return 'leads nowhere'
    return 'has no such anchor' if target in pages and unquote(url.fragment) not in pages[target].ids else None


def broken_links(
    site:Path, # folder of a rendered site
) -> list: # one line for each broken link
    "Check every link of every page"
    site = site.resolve()
    paths = [p for p in sorted(site.rglob('*.html')) if 'site_libs' not in p.parts]
    pages = {p: Page(p.read_text(encoding='utf-8')) for p in paths}
    print(f'{len(pages)} pages, {sum(len(p.links) for p in pages.values())} links')
    found = []
    for path, page in pages.items():
        answers = {link: broken(path, link, pages) for link in sorted(page.links)}
        found += [f'{path.relative_to(site)}: {link} {why}' for link, why in answers.items() if why]
    return found


def outside_requests(
    site:Path, # folder of a rendered site
) -> list: # one line for each file that loads something from another host
    "Find what a browser would ask other hosts for: fonts, scripts, styles, pictures"
    files = [p for p in sorted(site.rglob('*')) if p.suffix in ('.html', '.css')]
    found = {p.relative_to(site): OUTSIDE.findall(p.read_text(encoding='utf-8')) for p in files}
    return [f'{name}: loads {urls[0]}' for name, urls in found.items() if urls]


@call_parse
def main():
    "Build the site in the documentation folder, check its links and that it needs no other host"
    site = build()
    wrong = broken_links(site) + outside_requests(site)
    print('\n'.join(wrong) or f'built {site.name}, every link leads somewhere, nothing is loaded from elsewhere')
    sys.exit(bool(wrong))
