"Links in notebooks, and the pages that notebooks become."
import re
from pathlib import Path

from nbdev.config import get_config
from nbdev.doclinks import _nbpath2html

# A relative link of Markdown or HTML: what stands before the path, and the path without an anchor
RELATIVE = re.compile(r'(\]\(|\b(?:src|href)=")(?![a-z]+:|[#/])([^)#"\s]+)')


def page_of(
    notebook:Path, # relative to the notebooks' folder
) -> str: # for example `training.html` or `parts/score/metrics.html`
    "Name the page of a notebook as nbdev does in its links"
    return _nbpath2html(Path(notebook)).as_posix()


def site_url() -> str: # with a slash at the end
    "Where the site is published"
    cfg = get_config()
    return f'{cfg.doc_host}{cfg.doc_baseurl}'.rstrip('/') + '/'


def source_url() -> str: # with a slash at the end
    "Where the files of the repository are shown"
    cfg = get_config()
    return f'{cfg.git_url}/blob/{cfg.branch}/'
