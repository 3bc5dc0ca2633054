"Import every module of the package and ask every command for its help, with nothing but the runtime requirements."
import importlib
import pkgutil
import re
import runpy
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement


def canonical(
    name:str, # of a distribution
) -> str: # as package indexes compare it
    "Write a name in lower case with hyphens"
    return re.sub(r'[-_.]+', '-', name).lower()


def requirements(
    name:str, # of a distribution
    extras:frozenset, # its extras that count as well
) -> list: # of `Requirement`, those that hold on this machine
    "Read the requirements of an installed distribution"
    try:
        found = [Requirement(r) for r in requires(name) or []]
    except PackageNotFoundError:
        return []
    environments = [{'extra': e} for e in extras | {''}]
    return [r for r in found if not r.marker or any(map(r.marker.evaluate, environments))]


def closure(
    name:str, # a distribution
    extras:frozenset=frozenset(), # its extras that count as well
    seen:dict=None, # {name: extras} of those visited before
) -> set: # names of all distributions it needs, itself included
    "Follow the requirements of an installed distribution"
    seen = {} if seen is None else seen
    name = canonical(name)
    if name in seen and extras <= seen[name]:
        return set(seen)
    seen[name] = extras | seen.get(name, frozenset())
    for r in requirements(name, seen[name]):
        closure(r.name, frozenset(r.extras), seen)
    return set(seen)


class Without:
    "A finder that does not find some modules, as if they were not installed"
    def __init__(self, finder, names):
        self.finder, self.names = finder, names

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        "Answer `importlib`, and whoever only asks whether a module is there"
        return None if name.partition('.')[0] in self.names else self.finder.find_spec(name, path, target)


def modules_of(
    package:str, # its name
) -> list: # full names
    "Import a package, its subpackages and all their modules"
    path = importlib.import_module(package).__path__
    names = [m.name for m in pkgutil.walk_packages(path, f'{package}.', onerror=raise_again)]
    for name in names:
        importlib.import_module(name)
    return names


def raise_again(name):
    "Let a subpackage that cannot be imported fail, which `walk_packages` would pass over"
    raise


def ask_for_help(
    command:str, # a console script
):
    "Run the script as installed; one that cannot start, or whose help fails, ends with another status than 0"
    sys.argv = [command, '--help']
    try:
        runpy.run_path(str(Path(sys.executable).with_name(command)), run_name='__main__')
    except SystemExit as e:
        assert not e.code, f'{command} --help ends with status {e.code}'
    else:
        raise AssertionError(f'{command} --help does something else than show its help')


def main():
    "Hide what the package does not require, then import and ask"
    package = sys.argv[1]
    allowed = closure(package)
    installed = packages_distributions().items()
    absent = {module for module, names in installed if not set(map(canonical, names)) & allowed}
    sys.meta_path[:] = [Without(finder, absent) for finder in sys.meta_path]
    modules = modules_of(package)
    for command in distribution(package).entry_points.select(group='console_scripts'):
        ask_for_help(command.name)
    print(f'{len(modules)} modules imported without {len(absent)} others that are installed')


if __name__ == '__main__':
    main()
