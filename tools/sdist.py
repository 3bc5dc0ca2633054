"Build an sdist of a copy, install it into a new environment, compare its files, import all modules from there."
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

from project import project_copy

IMPORT_ALL = '''
import importlib, pkgutil, sys
import seg_nb
names = [m.name for m in pkgutil.walk_packages(seg_nb.__path__, 'seg_nb.')]
for name in names:
    file = importlib.import_module(name).__file__
    assert file.startswith(sys.prefix), f'{name} comes from {file}'
print(f'{len(names)} modules imported from the installed package')
'''


def build(
    project:Path, # a copy: building leaves files in it
    dest:Path, # folder to write to
) -> Path: # the sdist
    "Ask setuptools for an sdist, as pip and build do"
    code = 'import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])'
    subprocess.run([sys.executable, '-c', code, dest], cwd=project, check=True)
    return next(dest.glob('*.tar.gz'))


def new_environment(
    dest:Path, # folder to make
) -> Path: # its Python
    "Make an environment that sees the packages of this one, but not what their .pth files add"
    venv.create(dest, symlinks=True)
    packages = next((dest/'lib').glob('python*/site-packages'))
    seen = [p for p in sys.path if Path(p).name == 'site-packages']
    (packages/'packages.pth').write_text('\n'.join(seen))
    return dest/'bin/python'


def install(
    python:Path, # of the new environment
    sdist:Path, # the file
):
    "Install the sdist as a user would, but for its requirements and what builds it, which are there"
    options = ['--no-deps', '--no-build-isolation', '--no-index', '--ignore-installed', '--quiet']
    subprocess.run([python, '-m', 'pip', 'install', *options, sdist], cwd=sdist.parent, check=True)


def files(
    folder:Path, # of a package
) -> set: # paths relative to it
    "List the files of a package, data files too"
    paths = [p for p in folder.rglob('*') if p.is_file() and '__pycache__' not in p.parts]
    return {p.relative_to(folder).as_posix() for p in paths}


def differences(
    project:Path, # the project
    sdist:Path, # the file
    environment:Path, # where it is installed
) -> list: # one line for each
    "Compare the package with what the sdist holds and what was installed"
    wanted = files(project/'seg_nb')
    with tarfile.open(sdist) as archive:
        paths = [Path(m.name) for m in archive.getmembers() if m.isfile()]
    packed = {p.relative_to(*p.parts[:1], 'seg_nb').as_posix() for p in paths if p.parts[1:2] == ('seg_nb',)}
    installed = files(next(environment.glob('lib/python*/site-packages/seg_nb')))
    return ([f'{f} is missing in the sdist' for f in sorted(wanted - packed)] +
            [f'{f} was not installed' for f in sorted(wanted - installed)] +
            [f'{f} was installed and is not in the project' for f in sorted(installed - wanted)])


def main():
    "Build, install, compare, import from another folder"
    with project_copy() as project:
        tmp = project.parent
        sdist = build(project, tmp)
        python = new_environment(tmp/'venv')
        install(python, sdist)
        wrong = differences(project, sdist, tmp/'venv')
        subprocess.run([python, '-c', IMPORT_ALL], cwd=tmp, check=True)
        subprocess.run([tmp/'venv/bin/seg_nb_demo', '--help'], cwd=tmp, check=True, stdout=subprocess.DEVNULL)
        print('\n'.join(wrong) or f'{sdist.name}: {sdist.stat().st_size/1000:.0f} kB, all files are installed')
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
