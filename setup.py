"Everything about the package is in settings.ini: edit it there."
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

config = ConfigParser(delimiters=['='])
config.read('settings.ini', encoding='utf-8')
cfg = config['DEFAULT']
name = cfg['lib_name']
readme = Path('README.md')

setup(
    name=name,
    version=cfg['version'],
    description=cfg['description'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else '',
    long_description_content_type='text/markdown',
    author=cfg['author'],
    author_email=cfg['author_email'],
    url=cfg['git_url'],
    keywords=cfg['keywords'],
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=[name, f'{name}.*']),
    package_data={name: [f'**/*.{kind}' for kind in ('json', 'csv', 'tsv', 'html', 'css', 'jinja')]},
    python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(),
    extras_require={
        'export': cfg['export_requirements'].split(),
        'lite': cfg['lite_requirements'].split(),
        'dev': ' '.join(cfg[f'{extra}_requirements'] for extra in ('dev', 'export', 'lite')).split(),
    },
    entry_points={
        'console_scripts': cfg['console_scripts'].split(),
        'nbdev': [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"],
    },
    classifiers=[
        'Development Status :: 3 - Alpha',
        f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}",
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
)
