# Each target does all of its own set-up (scripts/setup.sh): on a Debian machine git, make, npm, python3 and root or sudo suffice.

export PATH := $(CURDIR)/.cache/node/bin:$(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin

NGINX := nginx libnginx-mod-http-ndk libnginx-mod-http-set-misc
CLUSTER := unzip python3-venv
TEST_CONCURRENCY ?= 2

.PHONY: demo demo-cluster test check bench bench-changes fuzz abuse bench-faults bench-stampede audit sbom generate test-live clean

# NGINX over TLS, two apps on two domains, a stand-in for Cognito; runs until Ctrl-C.
demo:
	@scripts/setup.sh $(NGINX) openssl
	@exec node demo/demo.ts

# The same apps in a cluster: API server, etcd, two replicas from the chart, Traefik (DEMO_PROXY=nginx: NGINX); until Ctrl-C.
demo-cluster:
	@scripts/setup.sh $(NGINX) $(CLUSTER) openssl
	@scripts/set-up-cluster.sh
	@exec node demo/demo-cluster.ts

# Every check and every test; node's closing summary comes last.
test:
	@scripts/setup.sh $(NGINX) $(CLUSTER) chromium openssl curl redis-server
	@scripts/set-up-cluster.sh
	@failed=0; \
	scripts/check.sh || failed=1; \
	node --test --test-reporter=spec --test-timeout=300000 --test-concurrency=$(TEST_CONCURRENCY) 'test/**/*.test.ts' || failed=1; \
	exit $$failed

# Types, lint, format, unused code, floors.
check:
	@scripts/setup.sh
	@scripts/check.sh

# Decisions per second beside a bare node:http and a plain fastify route.
bench:
	@scripts/setup.sh $(NGINX) wrk openssl
	@exec node bench/bench.ts

# How fast a change is in force: 200 of them at 1,000 Ingresses, on a real API server with two replicas and Traefik.
bench-changes:
	@scripts/setup.sh $(CLUSTER) openssl
	@scripts/set-up-cluster.sh
	@exec node bench/changes.ts

# What people notice of each fault of Cognito, Redis, the API server and replicas, through NGINX: some ten minutes.
bench-faults:
	@scripts/setup.sh $(NGINX) $(CLUSTER) redis-server openssl
	@scripts/set-up-cluster.sh
	@exec node bench/faults.ts

# Known faults of packages, as the npm registry lists them; RELEASE=1: fails without its answer.
audit:
	@scripts/setup.sh
	@node scripts/audit.ts $(if $(RELEASE),--required)

# dist/cognito-gate-VERSION.cdx.json: everything that the program depends on at run time, as CycloneDX.
sbom:
	@scripts/setup.sh
	@node scripts/sbom.ts

# Noise at the real program: FUZZ inputs (100,000) of FUZZ_SEED from FUZZ_FROM on; FUZZ_INPUT=FILE sends a failure again.
fuzz:
	@scripts/setup.sh $(NGINX) openssl
	@exec node bench/fuzz.ts

# Slow, idle and flooding clients, and what decisions feel of them; ABUSE_SECONDS (5) for each flood.
abuse:
	@scripts/setup.sh $(NGINX) openssl
	@exec node bench/abuse.ts

# How often Cognito is asked when 2,000 people come back to five apps and two replicas that were just restarted.
bench-stampede:
	@scripts/setup.sh $(NGINX) openssl
	@exec node bench/stampede.ts

# Writes crds/*.yaml, docs/reference/*.md and docs/security/licences.md from the code's own lists.
generate:
	@scripts/setup.sh
	@node scripts/generate.ts

# Questions to a real user pool that the environment names; without one it says so and does nothing.
test-live:
	@scripts/setup.sh
	@node --test --test-reporter=spec 'test/live/*.live.ts'

clean:
	rm -rf dist .cache node_modules
