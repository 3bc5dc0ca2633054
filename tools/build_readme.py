"README.md from nbs/index.ipynb, without Quarto."
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


def processed(
    path:Path, # a notebook
) -> tuple: # the notebook as readers see it, and its front matter
    "Apply nbdev's own processing, then take off what only builders read"
    nb = read_nb(path)
    FilterDefaults()(nb)
    nb = nbformat.reads(nb2str(nb), as_version=4)
    nb.metadata['language_info'] = {'name': 'python'}
    front = nb.cells.pop(0).source.strip().strip('-') if nb.cells[0].cell_type == 'raw' else ''
    for c in nb.cells:
        if c.cell_type == 'code': c.source = '\n'.join(l for l in c.source.splitlines() if not l.startswith('#|'))
    return nb, yaml.safe_load(front) or {}


def relink(
    body:str, # Markdown whose relative links start at the notebooks' folder
    nbs:Path, # that folder
) -> str: # the same, with links that start at the repository's root and lead to notebooks, not to the site
    "Make links work on a code host"
    cfg = get_config()
    pages = {re.sub(r'^\d+_', '', p.stem): p.name for p in nbs.glob('*.ipynb')}
    site = re.escape(f'{cfg.doc_host}{cfg.doc_baseurl}'.rstrip('/') + '/')
    body = re.sub(site + r'(\w+)\.html(#[\w.-]*)?', lambda m: pages.get(m[1], m[0]), body)
    local = r'(\]\(|\b(?:src|href)=")(?![a-z]+:|[#/]|{0}/)([^)"\s]+)'.format(nbs.name)
    return re.sub(local, lambda m: m[1] + re.sub(rf'^{nbs.name}/\.\./', '', f'{nbs.name}/{m[2]}'), body)


def render() -> tuple: # the text of README.md, and its pictures as {path: bytes}
    "Turn the index notebook into Markdown"
    cfg = get_config()
    nb, front = processed(cfg.nbs_path/cfg.readme_nb)
    pictures = f'{cfg.nbs_path.name}/{Path(cfg.readme_nb).stem}_files'
    body, res = MarkdownExporter().from_notebook_node(nb, {'output_files_dir': pictures, 'unique_key': 'index'})
    body = relink(re.sub(r'<style scoped>.*?</style>', '', body, flags=re.S), cfg.nbs_path)
    about = f"> {front['description']}\n\n" if front.get('description') else ''
    text = re.sub(r'\n{3,}', '\n\n', f"# {front.get('title', cfg.title)}\n\n{about}{body}").strip() + '\n'
    return text, res.get('outputs', {})


def differences(
    text:str, # of README.md
    pictures:dict, # {path: bytes}
) -> list: # one line for each file that is not as it should be
    "Compare what would be written with what is there"
    root = get_config().config_path
    wanted = {'README.md': text.encode(), **pictures}
    stale = [n for n, b in wanted.items() if not (root/n).exists() or (root/n).read_bytes() != b]
    links = [m[1] for m in re.finditer(r'(?:\]\(|\b(?:src|href)=")(?![a-z]+:|#)([^)#"\s]+)', text)]
    return [f'{n} is out of date: run tools/build_readme.py' for n in stale] + \
           [f'README.md links to {l}, which is not there' for l in links if not (root/l).exists()]


@call_parse
def main(
    check:bool=False, # compare only: write nothing, exit with 1 when README.md is out of date or has a dead link
):
    "Write README.md and its pictures"
    text, pictures = render()
    root = get_config().config_path
    if not check:
        shutil.rmtree(get_config().nbs_path/f'{Path(get_config().readme_nb).stem}_files', ignore_errors=True)
        for name, data in {'README.md': text.encode(), **pictures}.items():
            (root/name).parent.mkdir(parents=True, exist_ok=True)
            (root/name).write_bytes(data)
    wrong = differences(text, pictures)
    print('\n'.join(wrong) or 'README.md is up to date')
    sys.exit(bool(wrong))
