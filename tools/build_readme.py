"README.md from nbs/index.ipynb, without Quarto."
import posixpath
import re
import shutil
import sys
from pathlib import Path

import nbformat
import yaml
from execnb.nbio import nb2str, read_nb
from fastcore.script import call_parse
from nbconvert import MarkdownExporter
from nbdev.config import get_config
from nbdev.processors import FilterDefaults

from links import RELATIVE, page_of, site_url
from project import NBS, ROOT, name_of, notebooks

README = ROOT/'README.md'


def processed(
    path:Path, # a notebook
) -> tuple: # the notebook as readers see it, and its front matter
    "Apply nbdev's own processing, then take off what only builders read"
    nb = read_nb(path)
    FilterDefaults()(nb)
    nb = nbformat.reads(nb2str(nb), as_version=4)
    nb.metadata['language_info'] = {'name': 'python'}
    front = nb.cells.pop(0).source.strip().strip('-') if nb.cells[0].cell_type == 'raw' else ''
    for cell in nb.cells:
        if cell.cell_type == 'code':
            hidden = re.search(r'^#\|\s*echo:\s*false', cell.source, re.M)
            cell.metadata['transient'] = {'remove_source': bool(hidden)} # nbconvert then leaves the code out
            cell.source = re.sub(r'^#\|.*\n?', '', cell.source, flags=re.M)
    return nb, yaml.safe_load(front) or {}


def from_root(
    path:str, # a link as written in the index
    pictures:str, # folder of the index' pictures, from the repository's root
) -> str: # the link as it must be in README.md
    "Let a link start at the repository's root instead of the notebooks' folder"
    return path if path.startswith(f'{pictures}/') else posixpath.normpath(f'{NBS.name}/{path}')


def relink(
    body:str, # Markdown
    pictures:str, # folder of the index' pictures, from the repository's root
) -> str: # the same, with links that lead to notebooks, not to the site
    "Make links work on a code host"
    pages = {page_of(p.relative_to(NBS)): f'{name_of(p)}.ipynb' for p in notebooks()}
    body = re.sub(re.escape(site_url()) + r'([\w/-]+\.html)(#[\w.-]*)?', lambda m: pages.get(m[1], m[0]), body)
    return RELATIVE.sub(lambda m: m[1] + from_root(m[2], pictures), body)


def render() -> tuple: # the text of README.md, and its pictures as {path: bytes}
    "Turn the index notebook into Markdown"
    cfg = get_config()
    nb, front = processed(NBS/cfg.readme_nb)
    pictures = f'{NBS.name}/{Path(cfg.readme_nb).stem}_files'
    body, res = MarkdownExporter().from_notebook_node(nb, {'output_files_dir': pictures, 'unique_key': 'index'})
    body = relink(re.sub(r'<style scoped>.*?</style>', '', body, flags=re.S), pictures)
    about = f"> {front['description']}\n\n" if front.get('description') else ''
    text = f"# {front.get('title', cfg.title)}\n\n{about}{body}"
    return re.sub(r'\n{3,}', '\n\n', text).strip() + '\n', res.get('outputs', {})


def differences(
    text:str, # of README.md
    pictures:dict, # {path: bytes}
) -> list: # one line for each file that is not as it should be
    "Compare what would be written with what is there"
    wanted = {README.name: text.encode(), **pictures}
    stale = [n for n, data in wanted.items() if not (ROOT/n).exists() or (ROOT/n).read_bytes() != data]
    links = [m[2] for m in RELATIVE.finditer(text)]
    return ([f'{n} is out of date: run tools/build_readme.py' for n in stale] +
            [f'README.md links to {link}, which is not there' for link in links if not (ROOT/link).exists()])


def write(
    text:str, # of README.md
    pictures:dict, # {path: bytes}
):
    "Write README.md and its pictures in place of those that are there"
    shutil.rmtree(NBS/f'{Path(get_config().readme_nb).stem}_files', ignore_errors=True)
    for name, data in {README.name: text.encode(), **pictures}.items():
        (ROOT/name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT/name).write_bytes(data)


@call_parse
def main(
    check:bool=False, # compare only: write nothing, exit with 1 when README.md is out of date or has a dead link
):
    "Write README.md and its pictures"
    text, pictures = render()
    if not check:
        write(text, pictures)
    wrong = differences(text, pictures)
    print('\n'.join(wrong) or 'README.md is up to date')
    sys.exit(bool(wrong))
