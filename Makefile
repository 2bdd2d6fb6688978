# `make test` is all there is to run before a commit: it is what .ci/run runs.

CARGO := cargo

.PHONY: test tools docs

test: tools
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --locked --no-deps --document-private-items --quiet
	$(CARGO) test --locked --doc
	$(CARGO) test --locked --lib --bins --tests

# Prometheus, promtool, VictoriaMetrics and curl, which the tests drive.
tools:
	@.ci/tools

# Writes docs/metrics.md and docs/configuration.md from the code.
docs:
	UPDATE_DOCS=1 $(CARGO) test --locked --test exporter contracts
