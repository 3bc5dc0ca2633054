"The order of modules: nbs/order.yml, the check that imports follow it, and the site's sidebar."
import ast
import sys

import yaml
from fastcore.script import call_parse

from cells import code_cells, exported_module, is_exported, parsed
from project import NBS, chapters, module_name, modules, name_of, notebooks

SIDEBAR = NBS/'sidebar.yml'
SAMPLE_USERS = ['sample', 'demo'] # modules and folders that may import the sample
LAZY_SAMPLE_USERS = ['download'] # those that may do so inside of a function
DEMO = 'demo' # the module that the tests of all notebooks may import
PACKAGE = 'seg_nb'
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


# The table

def read_table() -> list: # of (folder, modules); the folder is None for a chapter
    "Read nbs/order.yml"
    rows = yaml.safe_load((NBS/'order.yml').read_text(encoding='utf-8'))
    table = []
    for row in rows:
        if isinstance(row, str):
            table.append((None, [row]))
        else:
            table += row.items()
    return table


def in_order(
    table:list, # as `read_table` gives it
) -> list: # names such as `core` or `score.metrics`
    "List all modules in their order"
    return [f'{folder}.{name}' if folder else name for folder, names in table for name in names]


# What a piece of code imports

def full_name(
    node:ast.ImportFrom, # an import
    module:str, # where it stands, for example `score.metrics`
) -> str: # for example `seg_nb.score`
    "Resolve a relative import"
    if not node.level:
        return node.module
    package = [PACKAGE, *module.split('.')][:-node.level]
    return '.'.join(package + ([node.module] if node.module else []))


def targets(
    node:ast.AST, # any node
    module:str, # where it stands
) -> list: # full names; of `from a import b` both `a` and `a.b`, since `b` may be a module
    "Name what a node imports"
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        name = full_name(node, module)
        return [name] + [f'{name}.{alias.name}' for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith('import_module'):
        return [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
    return []


def imports(
    tree:ast.Module, # code
    module:str, # where it stands
    known:list, # all modules of the package
) -> list: # of (module, whether inside of a function)
    "Find the modules of the package that some code imports, anywhere in it"
    lazy = {id(n) for f in ast.walk(tree) if isinstance(f, FUNCTIONS) for n in ast.walk(f)}
    found = []
    for node in ast.walk(tree):
        names = [t.removeprefix(f'{PACKAGE}.') for t in targets(node, module) if t.startswith(f'{PACKAGE}.')]
        found += [(name, id(node) in lazy) for name in names if name in known]
        if names and not set(names) & set(known) and not names[-1].startswith('__'):
            found.append((names[0], id(node) in lazy))
    return found


# The check

def belongs(
    module:str, # for example `sample.shapes`
    names:list, # of modules and folders
) -> bool:
    "Say whether a module, or the folder it is in, is among some names"
    return module in names or module.partition('.')[0] in names


def table_problems(
    order:list, # all modules
) -> list: # one line for each
    "Compare the table with the modules and notebooks that are there"
    present = [module_name(p) for p in modules()]
    found = [f'{m} is listed twice' for m in sorted(set(order)) if order.count(m) > 1]
    found += [f'{m} is listed, but there is no such module' for m in order if m not in present]
    found += [f'{m} is not listed' for m in present if m not in order]
    for path in notebooks():
        name = name_of(path)
        wanted = name.removeprefix('parts/').replace('/', '.') if name.startswith('parts/') else None
        if path in chapters():
            wanted = name.partition('_')[2]
        if exported_module(path) != wanted:
            found.append(f'{name} exports {exported_module(path)}, and should export {wanted}')
    return found


def module_problems(
    order:list, # all modules
) -> list: # one line for each
    "Find imports in the package that do not follow the order"
    found = []
    for path in modules():
        module = module_name(path)
        before = order[:order.index(module)] if module in order else order
        for name, lazy in imports(ast.parse(path.read_text(encoding='utf-8')), module, order):
            users = SAMPLE_USERS + (LAZY_SAMPLE_USERS if lazy else [])
            if name not in [*before, module]:
                found.append(f'{module} imports {name}, which does not stand before it')
            elif belongs(name, ['sample']) and not belongs(module, users):
                found.append(f'{module} imports {name}: only {", ".join(SAMPLE_USERS)} may, and '
                             f'{", ".join(LAZY_SAMPLE_USERS)} inside of a function')
    return found


def notebook_problems(
    order:list, # all modules
) -> list: # one line for each
    "Find imports in cells that are not exported of what stands after the notebook"
    found = []
    for path in notebooks():
        module = exported_module(path)
        if module not in order:
            continue # index and appendix may import anything
        allowed = [*order[:order.index(module) + 1], DEMO]
        for cell in code_cells(path):
            names = [] if is_exported(cell) else imports(parsed(cell), module, order)
            found += [f'{name_of(path)}, cell {cell["id"]}: imports {name}, which stands after it'
                      for name, _ in names if name not in allowed]
    return found


# The sidebar

def sidebar() -> str: # YAML
    "Write the table as the site's sidebar"
    table = read_table()
    parts = [{'section': folder, 'contents': [f'parts/{folder}/{name}.ipynb' for name in names]}
             for folder, names in table if folder]
    groups = {
        'Chapters': [f'{name_of(p)}.ipynb' for p in chapters()],
        'Parts': parts,
        'Appendix': [f'{name_of(p)}.ipynb' for p in sorted((NBS/'appendix').glob('*.ipynb'))]}
    contents = [{'section': title, 'contents': rows} for title, rows in groups.items() if rows]
    head = '# Written by tools/order.py from order.yml: do not edit\n'
    return head + yaml.safe_dump({'website': {'sidebar': {'contents': ['index.ipynb', *contents]}}}, sort_keys=False)


def sidebar_problems() -> list: # one line, or none
    "Compare the sidebar with the table"
    same = SIDEBAR.exists() and SIDEBAR.read_text(encoding='utf-8') == sidebar()
    return [] if same else [f'{SIDEBAR.name} is out of date: run tools/order.py --write']


def problems() -> list: # one line for each
    "Check everything"
    order = in_order(read_table())
    return table_problems(order) + module_problems(order) + notebook_problems(order) + sidebar_problems()


@call_parse
def main(
    write:bool=False, # write nbs/sidebar.yml first
):
    "Check that imports follow nbs/order.yml"
    if write:
        SIDEBAR.write_text(sidebar(), encoding='utf-8')
    found = problems()
    print('\n'.join(found) or 'all imports follow the order')
    sys.exit(bool(found))
