# make run: everything a fresh clone needs is installed into .venv, then the page is served on http://127.0.0.1:7860
#           (PORT=8080 HOST=0.0.0.0 SHARE=1 make run: elsewhere, for everybody, with a public link)
# make test: the same installation, then the tests (CPU, no network beyond pip, no weights).
# A CPU-only user may take a smaller torch: make run TORCH_INDEX=URL
PYTHON ?= python3
TORCH_INDEX ?=
# so many tests at once: a number, or auto for as many as there are cores, 4 at most
WORKERS ?= auto
VENV := .venv
BIN := $(VENV)/bin
# a file's tests share a process; the files come in the order of tests/conftest.py
AT_ONCE := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

export PORT HOST SHARE

.PHONY: run test test-browser test-batch test-all coverage bench bench-quality bench-truth bench-ablation bench-gpu lint examples clean
.DEFAULT_GOAL := test

# torch first and pinned, so that nothing drags in another build of it
$(VENV)/installed: requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)" $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --quiet -c constraints.txt -r requirements.txt -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

run: $(VENV)/installed
	$(BIN)/python app.py

test: $(VENV)/installed lint
	$(AT_ONCE) -m "not slow and not gpu and (journey or not browser)"

# what test leaves out of what needs a browser
test-browser: $(VENV)/installed
	$(AT_ONCE) -m "browser and not gpu and (slow or not journey)"

# what needs Ray, pyarrow and a local S3 server: they go into a venv of their own that sees the other one, since the
# plain app has none of them
$(VENV)-batch/installed: $(VENV)/installed
	$(PYTHON) -m venv $(VENV)-batch
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > "$$($(VENV)-batch/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/plain.pth"
	$(VENV)-batch/bin/python -m pip install --quiet -c constraints.txt "ray[default]" pyarrow s3fs "moto[s3,server]"
	touch $@

test-batch: $(VENV)-batch/installed
	$(VENV)-batch/bin/python -m pytest tests/test_many_*.py

test-all: $(VENV)/installed lint
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest

# which lines of the package no test runs: the tests of a default run, at most an hour
coverage: $(VENV)/installed
	$(AT_ONCE) -m "not slow and not gpu" --cov=gen3d --cov-fail-under=90

lint: $(VENV)/installed
	$(BIN)/ruff check .

bench: $(VENV)/installed
	$(BIN)/python bench/rasterizer.py $(if $(PROTOTYPE),--prototype $(PROTOTYPE))
	$(BIN)/python bench/build.py

# how right scenes are where nobody told them (minutes): make bench-quality QUALITY="room --preset fast --json FILE"
bench-quality: $(VENV)/installed
	$(BIN)/python -m bench.quality $(QUALITY)

# the eight path-traced places that bench-quality scores as well, once (ten minutes on two free cores; goes on where it
# was stopped)
bench-truth: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt mitsuba
	$(BIN)/python -m bench.truth make bench/truth/out

# what each part of the method brings (a quarter of an hour); ABLATION="..." as above
bench-ablation: $(VENV)/installed
	$(BIN)/python -m bench.ablation $(ABLATION)

# on a CUDA card, under 8 minutes: rasterizers, fit, networks of full size, the whole pipeline, against their targets
bench-gpu: $(VENV)/installed
	$(BIN)/python -m bench.gpu

examples: $(VENV)/installed
	$(BIN)/python examples/make_examples.py

clean:
	rm -rf $(VENV) .venv-* .pytest_cache .ruff_cache
