# Everything that is done with this package, by name. Each target installs what is missing, and only that.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test lint check nightly mutants fuzz torture bench results format protobuf

SWIFT_BUILD := swift build -c release
SWIFT_TEST := swift test -c release --disable-xctest --explicit-target-dependency-import-check error
# The python that has what the tests of the terminal need; .ci/install makes it.
export MGRQ_TEST_PYTHON := $(CURDIR)/.build-venv/bin/python3
# The real backbone, which is not part of the repository: its tests run where it lies beside it.
BACKBONE_BESIDE := $(wildcard $(CURDIR)/../shared/data/dinov2-s14-98-cifar10)
ifneq ($(BACKBONE_BESIDE),)
export MGRQ_BACKBONE ?= $(BACKBONE_BESIDE)
endif

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build, and open the workbench on the bundled model
	@.ci/install build
	@$(SWIFT_BUILD) --product mgrq 1>&2
	@exec "$$($(SWIFT_BUILD) --show-bin-path)/mgrq" workbench

test: ## run every test
	@.ci/install test
	$(SWIFT_TEST)

lint: ## check format, layers, imports, mutants and documents; takes seconds
	swift format lint --strict -r -p Package.swift Sources Tests
	.ci/layers
	.ci/imports
	python3 Tests/Mutations/run.py --check
	.ci/documents

check: lint test ## everything that a change must pass
	swift test --disable-xctest --filter '^(RunsTests|SafetensorsTests|TerminalUITests|WorkbenchTests)\.'

nightly: check mutants ## check, and the tests again under sanitizers
	swift test --disable-xctest --sanitize address --scratch-path .build-address --filter '^(RunsTests|SafetensorsTests|DatasetsTests|CheckpointsTests|KernelsTests|TerminalUITests)\.'
	swift test --disable-xctest --sanitize thread --scratch-path .build-thread --filter '^(TensorCoreTests|EngineTests|TerminalUITests)\.'

mutants: ## break the learning rules one by one, and check that a test fails for each
	python3 Tests/Mutations/run.py

# The readers that are fuzzed, and for how long each.
FUZZED := images npy pickle safetensors plan journal report predictions series configuration preparation theme settings \
	state labels packed keys
FUZZ_SECONDS := 60

fuzz: ## feed every reader with damaged files for a minute, under the address sanitizer
	@.ci/install build
	swift build -c release --sanitize address --scratch-path .build-fuzz --product Fuzz
	@folder=$$(mktemp -d) && trap 'rmdir "$$folder" || echo "the input is in $$folder"' EXIT && \
	for entry in $(FUZZED); do \
		"$$(swift build -c release --scratch-path .build-fuzz --show-bin-path)/Fuzz" \
			$$entry $(FUZZ_SECONDS) $${FUZZ_SEED:-1} "$$folder" || exit 1; \
	done

torture: ## kill runs, sweeps, comparisons and exports wherever they change a file, and compare what comes of them
	@.ci/install test
	$(SWIFT_BUILD) --product mgrq
	python3 Tests/Torture/torture.py "$$($(SWIFT_BUILD) --show-bin-path)/mgrq"

# The python of the benchmarks; preparing photos needs one with Pillow and torchvision.
PYTHON := python3

bench: ## time photos beside Pillow and torchvision, opening 4 GB, the first curve, and the screen beside a working engine
	@.ci/install build
	$(SWIFT_BUILD) --product preprocessing
	$(SWIFT_BUILD) --product mgrq
	python3 Benchmarks/opening.py --only-open
	@.ci/install test
	$(MGRQ_TEST_PYTHON) Benchmarks/first_curve.py "$$($(SWIFT_BUILD) --show-bin-path)/mgrq" "$(BACKBONE_BESIDE)"
	$(MGRQ_TEST_PYTHON) Benchmarks/screen.py "$$($(SWIFT_BUILD) --show-bin-path)/mgrq"
	$(PYTHON) Benchmarks/preprocessing.py --program "$$($(SWIFT_BUILD) --show-bin-path)/preprocessing"

results: ## measure the presets and write docs/results.md; takes hours, can be interrupted; BACKBONE=FOLDER and TINY_IMAGENET=FOLDER add models
	@.ci/install build
	$(SWIFT_BUILD) --product mgrq
	python3 Benchmarks/results.py --work .build/results $(if $(BACKBONE),--backbone $(BACKBONE)) \
		$(if $(TINY_IMAGENET),--tiny-imagenet $(TINY_IMAGENET))

protobuf: ## generate the codec of ONNX files; needs protoc and protoc-gen-swift of swift-protobuf
	protoc --swift_out=Sources/ONNX --swift_opt=Visibility=Internal,UseAccessLevelOnImports=true \
		-I Sources/ONNX onnx.proto

format: ## lay the sources out as the formatter wants them
	swift format -i -r -p Package.swift Sources Tests
