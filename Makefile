# `make verify` is what CI runs; it writes nothing into the source tree.

.PHONY: verify test fmt clippy doc features quickstart fix bench

verify: test fmt clippy doc features quickstart

test:
	cargo test --all-features

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --all-features --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps

# The library with no feature, and with each one alone.
features:
	cargo check --lib --no-default-features
	cargo check --lib --features testkit
	cargo check --lib --features mockall

# The README's first command, there and back, with faults, and its control, for a short while.
quickstart:
	cargo run --release --example quickstart -- --seconds 6
	cargo run --release --example quickstart -- --seconds 6 --faults
	cargo run --release --example quickstart -- --seconds 8 --back
	cargo run --release --example quickstart -- --seconds 6 --naive; test $$? -eq 1

fix:
	cargo fmt --all
	cargo clippy --all-features --all-targets --fix --allow-dirty --allow-staged

bench:
	cargo bench
