# `make test` is all there is to run before a commit: it is what .ci/run runs.

CARGO := cargo

.PHONY: test tools static docs bench fuzz deny soak release

test: tools
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --locked --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --locked --no-deps --document-private-items --quiet
	$(CARGO) test --locked --doc
	$(MAKE) static
	$(CARGO) test --locked --lib --bins --tests

# What the tests drive: Prometheus, promtool, VictoriaMetrics, curl, and what checks dashboards and the chart.
tools:
	@.ci/tools

# The program linked with nothing, as the image has it: a test runs it in an empty root. With musl; or, where that part of Rust
# is not to be had, with what there is.
MUSL := $(shell uname -m)-unknown-linux-musl
GNU := $(shell uname -m)-unknown-linux-gnu

static: tools
	if [ -d "$$(rustc --print target-libdir --target $(MUSL))" ]; \
	  then $(CARGO) build --locked --target $(MUSL); \
	  else RUSTFLAGS="-C target-feature=+crt-static" $(CARGO) build --locked --target $(GNU); \
	fi

# Writes docs/commands.md, configuration.md, faults.md, metrics.md, dashboards.md and the advice in permissions.md from the code
# and from grafana/, and into the Helm chart the dashboards, the rules and the table of its values.
docs: tools
	UPDATE_DOCS=1 $(CARGO) test --locked --test exporter -- contracts documents::the_advice the_dashboards_document chart::copies

# Measures what it costs and writes docs/performance.md: about a quarter of an hour, on a machine that does nothing else.
# Measured is the program as the image has it. BENCH=start, scrape, refresh or rendering writes only that part; for scrape, nginx
# has to be there (Debian: nginx-light).
BENCH ?=

bench:
	$(CARGO) build --locked --release --target $(MUSL)
	$(if $(BENCH),,$(CARGO) bench --locked --bench pure -- --quick)
	$(CARGO) bench --locked --bench rendering -- $(BENCH)
	$(CARGO) bench --locked --bench performance -- --exporter $(CURDIR)/target/$(MUSL)/release/github-copilot-exporter $(BENCH)

# Fuzzing: every target of fuzz/ for so long. Needs a nightly toolchain, and installs cargo-fuzz if it is missing. What is
# found is new input beside fuzz/corpus, in fuzz/target/corpus, and what breaks is in fuzz/artifacts.
#
# Without a sanitizer: there is no unsafe code here, and what is looked for are panics, hangs and wrong answers.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
CARGO_FUZZ_VERSION := 0.13.2

fuzz:
	@$(CARGO) +nightly --version >/dev/null || { echo "make fuzz: rustup toolchain install nightly" >&2; exit 1; }
	@$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install cargo-fuzz --version $(CARGO_FUZZ_VERSION) --locked
	$(CARGO) fetch --locked --manifest-path fuzz/Cargo.toml
	set -e; for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/target/corpus/$$target; \
	  $(CARGO) +nightly fuzz run --sanitizer none $$target fuzz/target/corpus/$$target fuzz/corpus/$$target \
	    -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1; \
	done

# Licences, bans and sources by deny.toml; with ADVISORIES=advisories also what is known to be unsafe, which is fetched
# from github.com. Installs cargo-deny if it is missing.
ADVISORIES ?=
CARGO_DENY_VERSION := 0.20.2

deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install cargo-deny --version $(CARGO_DENY_VERSION) --locked
	$(CARGO) deny --locked check licenses bans sources $(ADVISORIES)

# Fifty scrapes a second while the simulated GitHub breaks in another way every second. Prints what it measured; see
# docs/soak.md.
SOAK_SECONDS ?= 600
SOAK_SEED ?= 1
SOAK_PROFILE ?= release

soak:
	SOAK_SECONDS=$(SOAK_SECONDS) SOAK_SEED=$(SOAK_SEED) \
	  $(CARGO) test --locked --profile $(SOAK_PROFILE) --test soak -- --ignored --nocapture

# The version is in Cargo.toml; chart, lock files and changelog follow. Commits and tags, and pushes nothing.
release:
	@.ci/release "$(VERSION)"
