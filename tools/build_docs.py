"The site from the notebooks, without Quarto: nbdev's own processing, then smalldocs."
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbdev.doclinks
import yaml
from fastcore.script import call_parse
from nbdev.config import get_config
from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
from nbdev.serve import proc_nbs

GALLERY = 'output/gallery'


def processed() -> Path: # folder of the notebooks as nbdev hands them to a site builder
    "Refresh what nbdev generates, then process all notebooks"
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    nbdev_sidebar.__wrapped__()
    return proc_nbs(n_workers=2, force=True)


def take_output_file(
    nb:dict, # a processed notebook, changed in place
) -> str|None: # the page name that its front matter asks for
    "smalldocs names a page after its file, so the front matter's `output-file` must become the file's name"
    for cell in nb['cells'][:1]:
        source = ''.join(cell['source'])
        name = re.search(r'^output-file: *(\S+)\n', source, re.M)
        if cell['cell_type'] == 'raw' and name:
            cell['source'] = source.replace(name[0], '')
            return Path(name[1]).stem
    return None


def rename_notebooks(
    stage:Path, # folder of processed notebooks, changed in place
) -> dict: # {old file name: new file name}
    "Give each notebook the name of its page"
    names = {}
    for path in sorted(stage.glob('*.ipynb')):
        nb = json.loads(path.read_text(encoding='utf-8'))
        new = (take_output_file(nb) or path.stem) + '.ipynb'
        path.unlink()
        (stage/new).write_text(json.dumps(nb, ensure_ascii=False), encoding='utf-8')
        names[path.name] = new
    return names


def relink(
    text:str, # a notebook, as JSON
    names:dict, # {old file name: new file name}
) -> str: # the same with links that work in the site
    "Links to the published site become relative, links to notebooks follow their new names, those to other files lead to the repository"
    cfg = get_config()
    site = re.escape(f'{cfg.doc_host}{cfg.doc_baseurl}'.rstrip('/') + '/')
    text = re.sub(site + r'(?=\w+\.html)', './', text)
    for old, new in names.items(): text = text.replace(f']({old}', f']({new}')
    text = text.replace(f'../{GALLERY}/', 'gallery/')
    return re.sub(r'\]\(\.\./(?=[\w.])', f']({cfg.git_url}/blob/{cfg.branch}/', text)


def configure(
    stage:Path, # folder of processed notebooks with Quarto's files, changed in place
    names:dict, # {old file name: new file name}
):
    "Leave out the options that only Quarto has, and let the sidebar follow the new names"
    sidebar = stage/'sidebar.yml'
    text = sidebar.read_text()
    for old, new in names.items(): text = text.replace(old, new)
    sidebar.write_text(text)
    quarto = yaml.safe_load((stage/'_quarto.yml').read_text())
    quarto['format'].pop('commonmark', None)
    quarto['format']['html'].pop('keep-md', None)
    (stage/'_quarto.yml').write_text(yaml.safe_dump(quarto, sort_keys=False))


def build() -> Path: # the site
    "Process, stage, render"
    cfg = get_config()
    cache = processed()
    stage = cache/'_stage'
    shutil.copytree(cache, stage, ignore=shutil.ignore_patterns('_stage', cfg.doc_path.name))
    if (cfg.config_path/GALLERY).exists(): shutil.copytree(cfg.config_path/GALLERY, stage/'gallery')
    names = rename_notebooks(stage)
    for path in stage.glob('*.ipynb'): path.write_text(relink(path.read_text(encoding='utf-8'), names), encoding='utf-8')
    configure(stage, names)
    subprocess.run([Path(sys.executable).with_name('smalldocs'), 'render', '--strict', stage], check=True)
    shutil.rmtree(cfg.doc_path, ignore_errors=True)
    shutil.copytree(stage/cfg.doc_path.name, cfg.doc_path)
    return cfg.doc_path


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
    cfg = get_config()
    source = f'{cfg.git_url}/blob/{cfg.branch}/'
    if link.startswith(source):
        return None if (cfg.config_path/urlsplit(link[len(source):]).path).exists() else 'is not in the repository'
    url = urlsplit(link)
    if url.scheme or url.netloc: return None
    target = (path.parent/unquote(url.path)).resolve() if url.path else path
    if target.is_dir(): target /= 'index.html'
    if not target.exists(): return 'leads nowhere'
    return 'has no such anchor' if target in pages and unquote(url.fragment) not in pages[target].ids else None


def broken_links(
    site:Path, # folder of a rendered site
) -> list: # one line for each broken link
    "Check every link of every page"
    site = site.resolve()
    pages = {p: Page(p.read_text(encoding='utf-8')) for p in sorted(site.rglob('*.html')) if 'site_libs' not in p.parts}
    print(f'{len(pages)} pages, {sum(len(p.links) for p in pages.values())} links')
    found = [(p, l, broken(p, l, pages)) for p, page in pages.items() for l in sorted(page.links)]
    return [f'{p.relative_to(site)}: {l} {why}' for p, l, why in found if why]


@call_parse
def main():
    "Build the site in the documentation folder and check its links"
    site = build()
    wrong = broken_links(site)
    print('\n'.join(wrong) or f'built {site.name}, every link leads somewhere')
    sys.exit(bool(wrong))
