PYTHON ?= python3
BIN := .venv/bin
export PYTHONUNBUFFERED := 1

.PHONY: help demo test test_slow test_cuda lab hooks docs readme measure clean

help:
	@echo "make demo       download, train, evaluate and predict on the embedded sample, into output/"
	@echo "make test       every check of the project"
	@echo "make test_slow  the cells flagged slow"
	@echo "make test_cuda  the cells flagged cuda, on a machine with a GPU"
	@echo "make lab        JupyterLab at the notebooks"
	@echo "make hooks      let JupyterLab save clean notebooks, and git merge them by cells"
	@echo "make docs       the site, in _docs/"
	@echo "make readme     README.md from the index"
	@echo "make measure    a table of the notebooks: cells, prose, functions, outputs"
	@echo "make clean      remove .venv, the site and the logs"

.venv/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "seg_nb needs Python 3.11 or newer, and $(PYTHON) is not: try make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "no virtual environment could be made with $(PYTHON): on Debian or Ubuntu, install python3-venv"; exit 1; }

# The runtime packages, then those of development. Each stamp is written when pip has succeeded.
.venv/runtime.stamp: settings.ini setup.py | .venv/bin/python
	@echo "installing the packages into .venv (PyTorch with CUDA takes about 5 GB, and some minutes)"
	@$(BIN)/python -m pip install --quiet -e .
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp
	@echo "installing the development packages"
	@$(BIN)/python -m pip install --quiet -e ".[dev]"
	@touch $@

demo: .venv/runtime.stamp
	@$(BIN)/python -c "import cv2" 2> .venv/cv2.log || { tail -n 1 .venv/cv2.log; echo "OpenCV needs libraries of the system: on Debian or Ubuntu, apt-get install libgl1 libglib2.0-0"; exit 1; }
	@$(BIN)/seg_nb_demo

test: .venv/dev.stamp
	@$(BIN)/python tools/check.py

test_slow: .venv/dev.stamp
	@$(BIN)/python tools/check.py --slow

test_cuda: .venv/dev.stamp
	@$(BIN)/python tools/check.py --cuda

lab: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab nbs

hooks: .venv/dev.stamp
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nbdev_install_hooks

docs: .venv/dev.stamp
	$(BIN)/python tools/build_docs.py

readme: .venv/dev.stamp
	$(BIN)/python tools/build_readme.py

measure: .venv/dev.stamp
	@$(BIN)/python tools/measure.py

clean:
	rm -rf .venv _checks _docs _proc build dist *.egg-info
