# Each target does its own set-up; a second run finds it done. `make help` lists them.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
# Two files of tests at a time, each on a screen of its own.
PARALLEL := -n 2 --dist loadfile
# A screen large enough for a napari window; pytest-xvfb is there on Linux only.
SCREEN := -o xvfb_width=1400 -o xvfb_height=1000
OUT ?= demo-out

.PHONY: help setup demo test test-all test-gpu lint suite docs-images clean

help:
	@echo "make demo      the whole loop on a synthetic kidney (a napari window where there is a display)"
	@echo "make test      lint, types, import contracts, manifest and the test suite"
	@echo "make test-all  the same with the long tests: kill rounds, fuzzing, big volumes"
	@echo "make test-gpu  the tests that need a CUDA device"
	@echo "make lint      ruff, mypy, import contracts and the manifest only"
	@echo "make docs-images  the screenshots of the README, from the end-to-end test"
	@echo "make setup     .venv with everything, and Debian's libraries for Qt and software OpenGL"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	scripts/setup.sh $(VENV)
	@touch $@

demo: setup
	$(BIN)/napari-vessel demo $(OUT)

lint: setup
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate src/napari_vessel/napari.yaml

test: lint
	$(PYTEST) $(SCREEN) $(PARALLEL)

test-all: lint
	$(PYTEST) $(SCREEN) $(PARALLEL) -m "not gpu"

test-gpu: setup
	$(PYTEST) -m gpu

# The Qt-free part, which needs no display: for Windows and macOS runners.
suite: setup
	$(PYTEST) $(PARALLEL) -m "not slow and not gpu and not gui" -p no:xvfb

docs-images: setup
	$(PYTEST) $(SCREEN) tests/widgets/test_end_to_end.py tests/widgets/test_tool_pictures.py -m gui --screenshots docs/images
	$(BIN)/python scripts/compress_pictures.py docs/images

clean:
	rm -rf $(VENV) demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
