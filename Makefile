# One front door. `make run` and `make test` need only this checkout and, the first time, Debian's packages.
# Every step is a CMake preset too, for editors.
.DEFAULT_GOAL := build
SOURCES = $(shell git ls-files '*.h' '*.cpp')
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := pch_defines,time_macros

.PHONY: help
help: ; @grep -E '^## ' $(MAKEFILE_LIST) | sed 's/^## //'

## make run             set up, build, start on 127.0.0.1:4747, load the stacks, feed it findings, show what happened, serve
##                      (FINDINGS=export.json takes your own export; DATA=folder keeps the store somewhere else)
.PHONY: run
run: build
	@build/release/tocsin demo $(if $(FINDINGS),--findings "$(FINDINGS)") $(if $(DATA),--data "$(DATA)")

## make test            set up, build, run all tests
.PHONY: test
test: build
	@tools/setup.sh test
	ctest --preset release --no-tests=error

## make build           build/release/tocsin and the tests
.PHONY: build
build: setup
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	cmake --build --preset release

.PHONY: setup
setup:
	@mkdir -p build
	@tools/setup.sh build

## make check           format, build, tests, tidy, address sanitizer
.PHONY: check
check: format-check test tidy asan

## make check-deep      sanitizers, fuzzing (30 minutes a target: FUZZ_SECONDS), long property runs, kill and soak tests
.PHONY: check-deep
check-deep: ; @tools/setup.sh deep && tools/check-deep.sh

## make asan | tsan     the tests under a sanitizer
.PHONY: asan tsan
asan tsan: ; cmake --preset $@ && cmake --build --preset $@ && ctest --preset $@

## make fuzz            build the libFuzzer targets
.PHONY: fuzz
fuzz: ; @tools/setup.sh deep && cmake --preset fuzz && cmake --build --preset fuzz

## make bench           the figures of README: findings a second, latencies, memory
.PHONY: bench bench-pattern bench-workflow
bench: build ; @bench/run.sh
## make bench-pattern   the event-pattern engine alone
bench-pattern: build ; @build/release/bench/pattern/bench_pattern
## make bench-workflow  workflows alone: durable and express executions a second, memory and restart with many open
bench-workflow: build ; @build/release/bench/workflow/bench_workflow --folder build

## make format | tidy   clang-format in place | clang-tidy
.PHONY: format format-check tidy
format: ; clang-format-19 -i $(SOURCES)
format-check: ; clang-format-19 --dry-run -Werror $(SOURCES)
tidy: build ; @tools/setup.sh deep && clang-tidy-19 --quiet -p build/release $(filter-out %_test.cpp,$(filter src/%.cpp,$(SOURCES)))

.PHONY: clean
clean: ; rm -rf build
