# `make help` lists the targets. The work is done by the TypeScript programs under cli/ and toolchain/; this file names them.

STACK ?= dev
export STACK CONTEXT CONFIRM DATASET FILE PROFILE FORGET FORMAT SNAPSHOT FIX TO FROM LOCK ALLOW_DATA_LOSS SERVED

ts := node_modules/.bin/ts-node --transpile-only
# Data of any size take less than 200 MB of memory: what the compiler leaves behind is collected early.
small_ts := node --optimize-for-size --max-semi-space-size=2 -r ts-node/register/transpile-only
packages := node_modules/.package-lock.json

.DEFAULT_GOAL := help

# What a target needs is made in the order in which it is named: data are checked before anything is built.
.NOTPARALLEL:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n'
	@printf '  %s\n' \
	  'STACK=dev|prod       the stack, default dev' \
	  'CONTEXT=name         deploy to this kubectl context instead of the embedded cluster' \
	  'CONFIRM=name         confirm an update of the production stack of this name' \
	  'DATASET=path         a CSV, or a folder of them, to upload after the update: a "time" column and numbers' \
	  'FILE=path            the same for `make data`; <name>_test.csv beside it holds held-out rows' \
	  'PROFILE=minimal      sizes for this run: minimal, small or production (flts:profile)' \
	  'FORGET=yes           let `make down` forget a stack on your own cluster and delete nothing' \
	  'ALLOW_DATA_LOSS=kafka  let this run delete the named data; several with commas, or all' \
	  'FIX=yes              let `make doctor` repair what it finds' \
	  'SNAPSHOT=name        the backup that `make restore` puts back; latest for the newest' \
	  'TO=registry.example/x  push images there; kind:name, minikube:name and k3d:name load them' \
	  'FROM=flts-bundle.tar take the images from a bundle, and build none' \
	  'LOCK=yes             write images.lock.json, by which the program pins digests' \
	  'UPGRADE=yes          let `make requirements` move to the newest versions' \
	  'FORMAT=comment|json  make preview as a pull request comment, or as the engine reports it'

$(packages): package-lock.json
	@npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

# What the targets on the command line use, all of it before the first of them begins (toolchain/tools/needs.ts).
.PHONY: needed-tools
needed-tools: $(packages)
	@$(ts) toolchain/tools/main.ts --for $(MAKECMDGOALS)

.PHONY: tools
tools: needed-tools ## Find, download or build every tool; the other targets get what they use themselves

.PHONY: tools-check
tools-check: $(packages) ## List the tools and verify their content, without making any
	@$(ts) toolchain/tools/main.ts --check

.PHONY: cluster-up
cluster-up: needed-tools ## Start the embedded cluster, or heal it
	@$(ts) toolchain/cluster/main.ts up

.PHONY: cluster-down
cluster-down: $(packages) ## Stop the embedded cluster and remove all that it left on the machine
	@$(ts) toolchain/cluster/main.ts down

.PHONY: status
status: $(packages) ## Show the embedded cluster's health
	@$(ts) toolchain/cluster/main.ts status

.PHONY: images
images: needed-tools ## Build the container images and load them into the embedded cluster, or push them TO a registry
	@$(ts) toolchain/images/main.ts

.PHONY: bundle
bundle: needed-tools ## Write flts-bundle.tar: all images, MinIO's chart and their lock, for clusters without a network
	@$(ts) toolchain/images/main.ts bundle

.PHONY: sbom
sbom: needed-tools ## Write sbom/<image>.cdx.json, what each image holds, by CycloneDX
	@$(ts) toolchain/images/main.ts sbom

.PHONY: check-data
check-data: $(packages)
	@$(small_ts) cli/data/checkMain.ts

.PHONY: data
data: check-data needed-tools ## Upload FILE, a CSV or a folder of them, and print the forecast of its model
	@$(small_ts) cli/data/main.ts

.PHONY: up
up: $(if $(DATASET),check-data) $(if $(CONTEXT),needed-tools,cluster-up images) ## Deploy the stack and print the first forecast
	@$(ts) cli/up.ts

.PHONY: preview
preview: $(if $(CONTEXT),needed-tools,cluster-up) ## Show what `make up` would change
	@$(ts) cli/preview/command.ts

.PHONY: refresh
refresh: needed-tools ## Read the state again from cluster and servers, through the tunnels
	@$(ts) cli/refresh.ts

.PHONY: doctor
doctor: needed-tools ## Compare state, servers and cluster; FIX=yes imports or recreates what differs
	@$(ts) cli/doctor.ts

.PHONY: down
down: $(packages) ## Destroy the stack, then the embedded cluster
	@$(ts) cli/down.ts
	@$(if $(CONTEXT),:,$(ts) toolchain/cluster/main.ts down)

.PHONY: load-test
load-test: needed-tools ## Put load on the forecast API; ends with an error when it does not keep the limits of flts:loadTest
	@$(ts) cli/loadTest.ts

.PHONY: backup
backup: needed-tools ## Back up buckets and database now, besides the schedule of flts:backup
	@$(ts) cli/backup.ts

.PHONY: restore
restore: needed-tools ## Put back what SNAPSHOT holds: objects that are missing or different, and MLflow's database
	@$(ts) cli/restore.ts

.PHONY: bench
bench: $(if $(SERIES),,$(if $(SERVED),$(packages),needed-tools)) ## Measure the running stack: requests a second, latency, start, memory; with SERIES="1 10 100" what series cost, with SERVED=1000 how one process serves them
	@$(if $(SERIES),services/run-benchmark.sh series $(SERIES),$(if $(SERVED),$(ts) cli/bench/served.ts,$(ts) cli/bench/main.ts))

.PHONY: test
test: $(packages) ## Run every suite: static checks, unit, component, plugins, engine and cluster
	@$(ts) tests/run.ts

.PHONY: outdated
outdated: $(packages) ## List pinned components that are past their maintainers' support, or near its end
	@$(ts) toolchain/support/main.ts

.PHONY: requirements
requirements: ## Compile services/requirements from services/pyproject.toml, with hashes; UPGRADE=yes to the newest versions
	@services/compile-requirements.sh $(if $(UPGRADE),--upgrade)

.PHONY: lint
lint: $(packages) ## Check style and types
	@npx eslint . && npx prettier --check . && npx tsc --noEmit

.PHONY: format
format: $(packages) ## Rewrite the sources in the project's style
	@npx prettier --write . && npx eslint --fix .

.PHONY: clean-caches
clean-caches: $(packages) ## Remove tools of other pins, logs and FLTS_GO_CACHE
	@$(ts) toolchain/tools/main.ts --clean-caches

.PHONY: clean
clean: $(packages) ## Remove what was built: tools, images and caches (not the cluster's data)
	@$(ts) toolchain/images/main.ts clean
	@$(ts) toolchain/tools/main.ts --clean-caches
	@rm -rf "$${FLTS_CACHE:-$$HOME/.cache/flts}"
