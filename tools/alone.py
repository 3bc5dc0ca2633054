"Import every module of the package and ask every command for its help, with nothing but the runtime requirements."
import importlib
import pkgutil
import re
import runpy
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement


def canonical(name): return re.sub(r'[-_.]+', '-', name).lower()


def closure(
    name:str, # a distribution
    extras:frozenset=frozenset(), # its extras that count as well
    seen:dict=None, # {name: extras} of those visited before
) -> set: # names of all distributions it needs, itself included
    "Follow the requirements of an installed distribution"
    seen, name = {} if seen is None else seen, canonical(name)
    if name in seen and extras <= seen[name]: return set(seen)
    seen[name] = extras = extras | seen.get(name, frozenset())
    try: wanted = [Requirement(r) for r in requires(name) or []]
    except PackageNotFoundError: wanted = []
    for r in wanted:
        if not r.marker or any(r.marker.evaluate({'extra': e}) for e in extras | {''}): closure(r.name, frozenset(r.extras), seen)
    return set(seen)


class Without:
    "A finder that does not find some modules, as if they were not installed; whoever only asks whether they are is told no"
    def __init__(self, finder, names): self.finder, self.names = finder, names
    def __getattr__(self, name): return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition('.')[0] in self.names else self.finder.find_spec(name, path, target)


def ask_for_help(
    name:str, # of a console script
):
    "Run the script as installed; one that cannot start, or whose help fails, ends with another status than 0"
    sys.argv = [name, '--help']
    try: runpy.run_path(str(Path(sys.executable).with_name(name)), run_name='__main__')
    except SystemExit as e: assert not e.code, f'{name} --help ends with status {e.code}'
    else: raise AssertionError(f'{name} --help does something else than show its help')


def main():
    package = sys.argv[1]
    allowed = closure(package)
    absent = {m for m, dists in packages_distributions().items() if not {canonical(d) for d in dists} & allowed}
    sys.meta_path[:] = [Without(f, absent) for f in sys.meta_path]
    modules = [m.name for m in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    for m in modules: importlib.import_module(f'{package}.{m}')
    for command in distribution(package).entry_points.select(group='console_scripts'): ask_for_help(command.name)
    print(f'{len(modules)} modules imported without {len(absent)} others that are installed')


if __name__ == '__main__': main()
