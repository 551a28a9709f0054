# `make verify` is what has to pass; it writes nothing into the source tree.

.PHONY: verify tests checks deny package semver build-cost test fmt clippy doc features model simulate simulate-faults loom quickstart members fix bench bench-data bench-data-10m bench-sagas bench-events bench-gateway prove msrv fuzz mutants mutants-control adapters events-chaos kafka fleet storefront storefront-chaos contracts pitfalls manifests console observability servers servers-stop

verify: tests checks

# Its halves may run side by side: what runs long, and what computes.
tests: test members

checks: fmt model simulate simulate-faults loom quickstart clippy doc features manifests deny package

# The members of the workspace that `verify` is about, beside the library.
MEMBERS = -p adapters -p console@0.0.0 -p contracts -p fleet -p observability -p own-servers -p storefront

test:
	cargo test --all-features

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --all-features --all-targets -- -D warnings
	cargo clippy $(MEMBERS) --no-deps --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps

# The library with no feature, and with each one alone.
features:
	cargo check --lib --no-default-features
	cargo check --lib --features testkit
	cargo check --lib --features mockall
	cargo check --lib --features tower
	cargo check --lib --features http
	cargo check --lib --features http,tower
	cargo check --lib --features metrics
	cargo check --lib --features otel

# The protocol at its standard size, and each rule left out, told as a story.
model:
	cargo test --release --test model -- --nocapture --test-threads 1

# Whole migrations under everything that can go wrong, SEEDS of them from FROM on; or SEED, told in full.
SEEDS ?= 2000
FROM ?= 0

simulate:
	FROM=$(FROM) SEEDS=$(SEEDS) cargo test --release --test simulation -- --nocapture

# Faults planted in the library's code, each of which the simulation has to find.
simulate-faults:
	cargo test --release -p simulation-mutants -- --nocapture

# The circuit breaker in every order of a few threads' steps, with sums that may not overflow, and flawed ones.
LOOM = cargo test --release --config profile.release.package.breaker-model.overflow-checks=true -p breaker-model

loom:
	cargo clippy -p breaker-model --no-deps --all-targets -- -D warnings
	$(LOOM) -- --nocapture

# The README's first command, there and back, with faults, and its control, for a short while; a bad day of a service; sagas;
# a gateway, and its bad day.
quickstart:
	cargo run --release --example quickstart -- --seconds 6
	cargo run --release --example quickstart -- --seconds 6 --faults
	cargo run --release --example quickstart -- --seconds 8 --back
	cargo run --release --example quickstart -- --seconds 6 --naive; test $$? -eq 1
	cargo run --release --example resilience
	cargo run --release --example checkout_saga
	cargo run --release --example trip_saga
	cargo run --release --example order_saga
	cargo run --release --example order_saga -- --naive; test $$? -eq 1
	cargo run --release --example gateway
	cargo run --release --example chaos_gateway
	cargo run --release --example chaos_gateway -- --naive; test $$? -eq 1

fix:
	cargo fmt --all
	cargo clippy --all-features --all-targets --fix --allow-dirty --allow-staged

# Not part of `verify`: LaunchDarkly's crate and its dependencies take a while to build.
bench:
	cargo clippy -p measure -p peers --all-targets -- -D warnings
	cargo bench
	cargo run --release -p peers
	cargo run --release -p peers -- probes
	cargo run --release -p peers -- saga

# Checks and copies of a million rows between real servers, beside COPY and reladiff: needs what `make servers`
# starts, `psql` and Python.
bench-data:
	cargo clippy -p data --all-targets -- -D warnings
	scripts/reladiff.sh
	cargo bench --bench consistency
	urls=$$(scripts/servers.sh) && env $$urls cargo run --release -p data

# The same of ten million rows, once, to see time and memory grow.
bench-data-10m:
	urls=$$(scripts/servers.sh) && env $$urls cargo run --release -p data -- --rows 10000000 --rounds 1 --growth

# 100,000 sagas through the journal on PostgreSQL by two processes, beside loops of plain INSERTs of the same rows.
SAGAS ?= 100000

bench-sagas:
	cargo clippy -p data --all-targets -- -D warnings
	urls=$$(scripts/servers.sh) && env $$urls cargo run --release -p data -- sagas --sagas $(SAGAS)

# An outbox of 100,000 messages relayed from PostgreSQL to RabbitMQ, beside the loop of a client that publishes the same;
# and a monolith's changes replicated from MariaDB to PostgreSQL, beside the rate of their commits.
bench-events:
	cargo clippy -p data --all-targets -- -D warnings
	urls=$$(scripts/servers.sh) && env $$urls cargo run --release -p data -- events

# The gateway beside nginx, which does the same job: latency and throughput, 10,000 slow clients, a service killed.
bench-gateway:
	cargo clippy -p gateway --no-deps --all-targets -- -D warnings
	cargo build --profile served -p gateway
	scripts/gateway.sh cargo run --profile served -p gateway
	cargo run --profile served -p gateway -- own

# Bans, licences and sources of everything that is depended on, by deny.toml. It builds cargo-deny if need be, once.
deny:
	scripts/deny.sh

# What is published: its size, its own tests where nothing else is, and a stranger's crate that uses it by the book.
package:
	scripts/package.sh

# How many crates the library brings, and what a build of it from nothing costs.
build-cost:
	scripts/build_cost.sh

# What has changed for users since the last release, or since BASELINE. It builds cargo-semver-checks if need be, once: that takes minutes.
semver:
	scripts/semver.sh

# The library under the oldest Rust it promises.
msrv:
	scripts/msrv.sh

# What takes longer: the model at a larger size, every order of the breaker's threads, and a thousand random fleets.
prove:
	cargo test --release --test model -- --ignored --nocapture
	ALL_ORDERS=1 $(LOOM) -- --nocapture
	SEEDS=1000 cargo test --release --test repository fleet

# Every fuzz target for FUZZ_SECONDS, from the corpus in the repository; needs a nightly Rust and `cargo install
# cargo-fuzz`. What it finds worth keeping is left in fuzz/target/found, what fails in fuzz/artifacts.
FUZZ_SECONDS ?= 60

fuzz:
	for target in $$(cargo +nightly fuzz list); do \
		mkdir -p fuzz/target/found/$$target && \
		cargo +nightly fuzz run $$target fuzz/target/found/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=2048 -dict=fuzz/dictionaries/json.dict || exit 1; \
	done

# What the members below have, all in one build: each by itself builds for itself what they share.
members:
	scripts/chromium.sh >/dev/null
	urls=$$(scripts/servers.sh) && env $$urls cargo test $(MEMBERS)
	urls=$$(scripts/servers.sh) && env $$urls target/debug/fleet --seconds 10
	urls=$$(scripts/servers.sh) && env $$urls target/debug/storefront
	target/debug/storefront --chaos
	urls=$$(scripts/servers.sh) && env $$urls target/debug/pitfalls

# The adapters to copy, on real servers: those of POSTGRES_URL, MARIADB_URL, REDIS_URL, NATS_URL and AMQP_URL, of the usual
# ports, or private ones.
adapters:
	urls=$$(scripts/servers.sh) && env $$urls cargo test -p adapters

# 10,000 messages from PostgreSQL through RabbitMQ, and from MariaDB through NATS, while relays, consumers, brokers and
# databases are killed, in an order that SEED draws. It starts its own servers.
events-chaos:
	EVENTS_CHAOS_MESSAGES=10000 cargo test -p adapters --test events_chaos each_effect -- --nocapture

# The bus on Kafka, on the mock cluster of librdkafka, which it builds: that takes a C compiler and a while.
kafka:
	cargo clippy -p kafka-adapter --no-deps --all-targets -- -D warnings
	cargo test -p kafka-adapter -- --test-threads 8

# Processes that are stopped, killed and cut off while they migrate, on the same PostgreSQL, and their control.
fleet:
	urls=$$(scripts/servers.sh) && env $$urls cargo test -p fleet && env $$urls cargo run -p fleet -- --seconds 10

# A shop whose users leave its monolith while people shop: services, gateway, saga and migration as processes on real servers.
# STOREFRONT='--seed 7 --plant lost' passes options on.
STOREFRONT ?=

storefront:
	urls=$$(scripts/servers.sh) && env $$urls cargo test -p storefront
	cargo build -p adapters -p storefront
	urls=$$(scripts/servers.sh) && env $$urls target/debug/storefront $(STOREFRONT)

# The same while processes and servers are killed and stopped, and databases cut off. It starts its own servers.
storefront-chaos:
	cargo build -p adapters -p storefront
	target/debug/storefront --chaos $(STOREFRONT)

# What its gateway, monolith and services expect of each other: Pact files, to which those who ask and those who answer are held.
contracts:
	cargo build -p adapters -p storefront
	urls=$$(scripts/servers.sh) && env $$urls cargo test -p contracts

# What goes wrong where a monolith is taken apart: each a check on the same processes, beside the naive way that it has to find
# wrong. PITFALLS='stale chatty --seed 7' shows some of them.
PITFALLS ?=

pitfalls:
	cargo build -p adapters -p storefront
	urls=$$(scripts/servers.sh) && env $$urls target/debug/pitfalls $(PITFALLS)

# How the storefront is deployed: manifests against the schemas of Kubernetes, and these, compose file and workflows against the
# sources; each check with faults that it has to find.
manifests:
	scripts/manifests.sh

# The page that shows a migration and moves it, in headless Chromium: pictures of every phase are left in target/console.
console:
	scripts/chromium.sh >/dev/null
	cargo test -p console

# A service with its metrics, traces, dashboard and alerts: every name in them against a real scrape, the rules by promtool,
# the traces at a collector.
observability:
	cargo test -p observability

# Prints the URLs of a PostgreSQL, a MariaDB, a Redis, a NATS and a RabbitMQ, and starts what is missing.
servers:
	@scripts/servers.sh

servers-stop:
	@scripts/servers.sh stop

# Thousands of small changes to the code, each of which a test must notice: hours for all of it, `MODULE=stamp` for one
# module. It installs cargo-mutants if need be. And its control: without tests they must survive.
mutants:
	scripts/mutants.sh $(MODULE)

mutants-control:
	scripts/mutants.sh control
