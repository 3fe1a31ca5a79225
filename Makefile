# Atelier Q&A. `make help` lists what can be made.

.DELETE_ON_ERROR:

comma := ,
# SANITIZE=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own.
SANITIZE ?=
# Their commit; SOURCE_REVISION=NAME where they are no checkout.
SOURCE_REVISION ?= $(shell scripts/revision.sh)
# FAULT=NAME builds with the deliberate fault QA_FAULT_NAME, which a test must notice; likewise. Only what knows of it is
# compiled anew.
FAULT ?=
SOUND := build/$(if $(SANITIZE),sanitize,release)
BUILD := $(SOUND)$(addprefix -,$(FAULT))
FAULTY := $(if $(FAULT),$(shell grep -l 'QA_FAULT_$(FAULT)\>' src/*/*.c nginx/*.c))
PROGRAM := $(BUILD)/atelier-qa

LIBRARIES := libmicrohttpd gnutls libpq jansson libevent libxxhash zlib
# Whether they are there, and libunistring, which pkg-config does not know.
HAVE_LIBRARIES = pkg-config --exists $(LIBRARIES) && $(CC) -fsyntax-only -x c -include unistr.h /dev/null
WARNINGS := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wstrict-prototypes \
    -Wmissing-prototypes -Wformat=2
# Two builds are equal byte for byte, in whatever folder (scripts/check-reproducible.sh).
SAME_EVERYWHERE = '-ffile-prefix-map=$(CURDIR)=.'
CPPFLAGS += -D_GNU_SOURCE -Iinclude -I$(SOUND)/generated
CFLAGS := -std=c11 -g $(if $(SANITIZE),-O1 -fno-omit-frame-pointer \
    -fsanitize=address$(comma)undefined -fno-sanitize-recover=all,-O2 -D_FORTIFY_SOURCE=2 \
    -fstack-protector-strong -fstack-clash-protection) -fPIE $(SAME_EVERYWHERE) $(WARNINGS) $(EXTRA_CFLAGS)
LDFLAGS += -pie -Wl,-z,relro,-z,now $(if $(SANITIZE),-fsanitize=address$(comma)undefined)
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES))
PKG_LIBS = $(shell pkg-config --libs $(LIBRARIES)) -lunistring

SOURCES := $(wildcard src/*.c src/*/*.c)
FAULTY_OBJECTS := $(patsubst src/%.c,$(BUILD)/objects/%.o,$(filter $(FAULTY),$(SOURCES)))
OBJECTS := $(patsubst src/%.c,$(SOUND)/objects/%.o,$(filter-out $(FAULTY),$(SOURCES))) $(FAULTY_OBJECTS) \
    $(addprefix $(SOUND)/objects/embedded_,sql.o page.o help.o)
ADMIN_PAGES := $(foreach page,status moderation,$(addprefix src/admin/$(page).,html css js))
GENERATED := $(SOUND)/generated/db/statement_names.h $(SOUND)/generated/import/statement_names.h \
    $(SOUND)/generated/db/session_statement_names.h $(SOUND)/generated/moderation/statement_names.h \
    $(SOUND)/generated/embedded_sql.c \
    $(SOUND)/generated/embedded_help.c $(SOUND)/generated/setting_names_list.h \
    $(SOUND)/generated/old_setting_names_list.h \
    $(SOUND)/generated/version_text.h $(SOUND)/generated/embedded_page.c
PHOTOS := build/photos
SQL := $(wildcard sql/queries/*.sql sql/migrations/*.sql sql/import/*.sql sql/session/*.sql sql/moderation/*.sql)

.PHONY: build
build: $(PROGRAM) module reference $(PHOTOS)  ## compile build/release/atelier-qa (SANITIZE=1: build/sanitize), NGINX's module; build/reference, build/photos

.PHONY: reference
reference:  ## only the latter: the API's description, and the page that shows it
	@scripts/build-reference.sh

$(PHOTOS): scripts/draw-photos.py web/pictures.svg web/colours.js
	@rm -rf $@ $@.new
	@mkdir -p $(@D)
	@scripts/draw-photos.py $@.new
	@mv $@.new $@

$(PROGRAM): $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(SOUND)/generated/db/statement_names.h: $(SQL) scripts/embed-sql.sh | sql/queries
	@mkdir -p $(@D)
	@scripts/embed-sql.sh header sql/queries statement > $@

$(SOUND)/generated/import/statement_names.h: $(SQL) scripts/embed-sql.sh | sql/import
	@mkdir -p $(@D)
	@scripts/embed-sql.sh header sql/import import_statement > $@

$(SOUND)/generated/db/session_statement_names.h: $(SQL) scripts/embed-sql.sh | sql/session
	@mkdir -p $(@D)
	@scripts/embed-sql.sh header sql/session session_statement > $@

$(SOUND)/generated/moderation/statement_names.h: $(SQL) scripts/embed-sql.sh | sql/moderation
	@mkdir -p $(@D)
	@scripts/embed-sql.sh header sql/moderation moderation_statement > $@

$(SOUND)/generated/embedded_sql.c: $(SQL) scripts/embed-sql.sh \
    | sql/queries sql/migrations sql/import sql/session sql/moderation
	@mkdir -p $(@D)
	@scripts/embed-sql.sh source sql/queries sql/migrations sql/import sql/session sql/moderation > $@

$(SOUND)/generated/embedded_page.c: $(ADMIN_PAGES) scripts/embed-files.sh
	@mkdir -p $(@D)
	@scripts/embed-files.sh $(ADMIN_PAGES) > $@

$(SOUND)/generated/embedded_help.c: $(wildcard src/cli/help/*.txt) scripts/embed-help.sh
	@mkdir -p $(@D)
	@scripts/embed-help.sh src/cli/help > $@

$(SOUND)/generated/setting_names_list.h: deploy/settings.txt
	@mkdir -p $(@D)
	@sed -n 's/^[A-Z][^=]*$$/"&",/p' $< > $@

$(SOUND)/generated/old_setting_names_list.h: deploy/settings.txt
	@mkdir -p $(@D)
	@sed -n 's/^\([A-Z].*\)=\(.*\)/{"\1", "\2"},/p' $< > $@

# Made anew only where it changes.
$(SOUND)/generated/version_text.h: always
	@mkdir -p $(@D)
	@new=$@.$$$$; { printf '#define VERSION_NUMBER "%s"\n' "$$(cat VERSION)"; \
	    printf '#define VERSION_REVISION "%s"\n' "$(SOURCE_REVISION)"; } > $$new; \
	    if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

.PHONY: always
always:

define COMPILE
@mkdir -p $(@D)
@echo "  CC $<"
@$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
endef

$(SOUND)/objects/%.o: src/%.c Makefile | $(GENERATED)
	$(COMPILE)

$(FAULTY_OBJECTS): $(BUILD)/objects/%.o: src/%.c Makefile | $(GENERATED)
	$(COMPILE)

$(SOUND)/objects/embedded_%.o: $(SOUND)/generated/embedded_%.c Makefile
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.PHONY: query-plans
query-plans: $(PROGRAM)  ## write docs/queries.md from the plans of what `make start` runs
	$(call needs,e2e,/usr/bin/python3 -c 'import psycopg2')
	@state=$$(realpath "$$($(PROGRAM) settings | sed -n 's/^#*QA_STATE_DIR=//p')"); \
	    scripts/query_plans.py "host=$$state/run user=postgres dbname=atelier_qa" > build/queries.md
	@mv build/queries.md docs/queries.md

# ---- Installing it: scripts/install.sh ----

MANUAL := build/manual

$(MANUAL)/atelier-qa.1: $(PROGRAM) scripts/make-manual.sh
	@scripts/make-manual.sh $(PROGRAM) $(MANUAL)

.PHONY: manual
manual: $(MANUAL)/atelier-qa.1  ## write the manual pages to build/manual, from what --help prints

.PHONY: install uninstall
install: build manual  ## install everything under PREFIX (/usr/local); DESTDIR, SYSCONFDIR
uninstall:  ## remove it again, but for settings
install uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' BUILD=$(BUILD) scripts/install.sh $@

# ---- End of installing it ----

# ---- The module for NGINX: nginx/ ----

MODULE := $(BUILD)/ngx_http_qa_pages_module.so
MODULE_SOURCES := $(wildcard nginx/*.c) $(addprefix src/,http/accept_encoding.c http/entity_tag.c http/target.c \
    ops/number.c ops/words.c pages/handout.c pages/page_key.c pages/ring.c pages/shared_memory.c pages/versions.c \
    qa/list_links.c qa/list_request.c qa/parameters.c)
FAULTY_IN_MODULE := $(patsubst %.c,$(BUILD)/objects/module/%.o,$(filter $(FAULTY),$(MODULE_SOURCES)))
MODULE_OBJECTS := $(patsubst %.c,$(SOUND)/objects/module/%.o,$(filter-out $(FAULTY),$(MODULE_SOURCES))) \
    $(FAULTY_IN_MODULE)
NGINX_HEADERS := build/nginx

.PHONY: module
module:  ## only the module for NGINX, where NGINX is Debian's and its headers can be downloaded
	@if nginx/headers.sh $(NGINX_HEADERS); then $(MAKE) --no-print-directory $(MODULE); else rm -f $(MODULE); fi

$(MODULE): $(MODULE_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) -shared $(filter-out -pie,$(LDFLAGS)) -Wl,--gc-sections -o $@ $^ $(shell pkg-config --libs libxxhash)

define COMPILE_FOR_NGINX
@mkdir -p $(@D)
@echo "  CC $< for NGINX"
@$(CC) $(CPPFLAGS) $$(cat $(NGINX_HEADERS)/flags) $(filter-out -fPIE,$(CFLAGS)) -fPIC -fvisibility=hidden \
    -ffunction-sections -MMD -MP -c -o $@ $<
endef

$(SOUND)/objects/module/%.o: %.c Makefile $(NGINX_HEADERS)/flags
	$(COMPILE_FOR_NGINX)

$(FAULTY_IN_MODULE): $(BUILD)/objects/module/%.o: %.c Makefile $(NGINX_HEADERS)/flags
	$(COMPILE_FOR_NGINX)

-include $(MODULE_OBJECTS:.o=.d)

# ---- End of the module ----

$(FAULTY_OBJECTS) $(FAULTY_IN_MODULE): CPPFLAGS += -DQA_FAULT_$(FAULT)

# ---- Tests ----

# $(call needs,KIND,PROBE): unless the shell command PROBE succeeds, ends with the Debian packages of
# that KIND that are missing, and how to install them.
needs = @{ $(2); } >/dev/null 2>&1 || deploy/install-packages.sh --missing $(1)

UNIT_TESTS := $(BUILD)/unit-tests
UNIT_OBJECTS := $(patsubst tests/unit/%.c,$(BUILD)/objects/unit/%.o,$(wildcard tests/unit/*.c))
C_FILES = $(wildcard src/*.c src/*/*.c include/*/*.h tests/unit/*.c tests/unit/*.h tests/fuzz/*.[ch] tests/soak/*.c \
    tests/soak/*.h nginx/*.[ch])
SHELL_FILES = $(wildcard scripts/*.sh nginx/*.sh deploy/*.sh deploy/cluster/*.sh deploy/containers/*.sh tests/bench/*.sh tests/model/*.sh \
    tests/compose/*.sh tests/compose/*/*.sh tests/packages/*.sh tests/sandbox/*.sh) .ci/run \
    $(wildcard deploy/debian/*.p*)

$(BUILD)/objects/unit/%.o: tests/unit/%.c Makefile | $(GENERATED)
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(shell pkg-config --cflags check) $(CFLAGS) -MMD -MP -c -o $@ $<

$(UNIT_TESTS): $(UNIT_OBJECTS) $(filter-out $(SOUND)/objects/main.o,$(OBJECTS))
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(shell pkg-config --libs check)

.PHONY: unit
unit:  ## run the unit tests (SANITIZE=1: with sanitizers)
	$(call needs,unit,$(CC) --version && $(HAVE_LIBRARIES) && pkg-config --exists check)
	@$(MAKE) --no-print-directory $(UNIT_TESTS)
	$(UNIT_TESTS)

.PHONY: model
model:  ## check every order of steps of the coherent cache's protocol, with spin
	$(call needs,test,command -v spin && gcc --version)
	tests/model/run.sh

FUZZ_SECONDS ?= 30
FUZZ = clang -std=c11 -g -O1 $(CPPFLAGS) -fsanitize=fuzzer$(comma)address$(comma)undefined -fno-sanitize-recover=all
FUZZ_OPTIONS = -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 -artifact_prefix=build/fuzz/
FUZZ_REQUESTS := tests/fuzz/fuzz_requests.c tests/fuzz/worker_side.c tests/fuzz/nginx_side.c \
    nginx/handler.c nginx/response.c $(addprefix src/,$(addprefix http/,accept_encoding.c content.c entity_tag.c \
    prefer.c request.c response.c route.c target.c timing.c traceparent.c unsent.c) \
    $(addprefix ops/,line_writer.c log.c log_file.c memory.c metrics.c number.c words.c write_all.c) rules/text.c \
    $(addprefix pages/,flights.c kept_page.c lookup.c made_page.c page_key.c page_query.c page_response.c \
    page_version.c ring.c shared_memory.c versions.c weights.c) \
    $(addprefix qa/,document.c list_links.c list_request.c lists.c parameters.c product_ids.c routes.c))

.PHONY: fuzz fuzz-csv fuzz-requests
fuzz:  ## feed what reads files and requests with random input for FUZZ_SECONDS each, from tests/fuzz/seeds on
	$(call needs,test,clang --version)
	@if nginx/headers.sh $(NGINX_HEADERS); then with_nginx=fuzz-requests; fi; \
	    $(MAKE) --no-print-directory fuzz-csv $$with_nginx

fuzz-csv:
	@mkdir -p build/fuzz/corpus/csv
	$(FUZZ) -o build/fuzz/csv \
	    tests/fuzz/fuzz_csv.c src/import/csv_reader.c src/import/date.c src/rules/text.c -lunistring
	build/fuzz/csv $(FUZZ_OPTIONS) -max_len=2000 build/fuzz/corpus/csv tests/fuzz/seeds/csv

fuzz-requests: $(GENERATED)
	@mkdir -p build/fuzz/corpus/requests
	$(FUZZ) $(PKG_CFLAGS) -Inginx $$(cat $(NGINX_HEADERS)/flags) -o build/fuzz/requests $(FUZZ_REQUESTS) $(PKG_LIBS)
	build/fuzz/requests $(FUZZ_OPTIONS) -max_len=5000 build/fuzz/corpus/requests tests/fuzz/seeds/requests

# Clients of tests/e2e/coherence.py and test_pause.py. Both builds' tests may make them at the same time.
SOAK := build/tools/soak
GENERATOR := build/tools/constant_rate

$(SOAK): $(wildcard tests/soak/*.c tests/soak/*.h)
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -O2 -g $(WARNINGS) -o $@.$$PPID $(filter %.c,$^) -lz
	@mv $@.$$PPID $@

$(GENERATOR): tests/bench/constant_rate.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) -D_GNU_SOURCE -std=c11 -O2 -g $(WARNINGS) -o $@.$$PPID $<
	@mv $@.$$PPID $@

# Used by tests/e2e/test_api_description.py.
build/schemathesis/complete: tests/e2e/requirements.txt
	@rm -rf $(@D)
	@echo "Fetching Schemathesis, which takes a minute once"
	@/usr/bin/python3 -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.PHONY: tools
tools: have-k6 build/schemathesis/complete $(SOAK) $(GENERATOR)

E2E_PROCESSES ?= 2

.PHONY: e2e
e2e:  ## run the black-box tests against a stack of their own (SANITIZE=1: with sanitizers)
	$(call needs,e2e,$(CC) --version && $(HAVE_LIBRARIES) && command -v curl \
	    && PATH=$$PATH:/usr/sbin command -v logrotate \
	    && PATH=$$PATH:/usr/sbin command -v nginx && ls /usr/lib/postgresql/*/bin/initdb \
	    && /usr/bin/python3 -c 'import pytest$(comma) requests$(comma) psycopg2$(comma) jsonschema$(comma) yaml$(comma) venv')
	@$(MAKE) --no-print-directory $(PROGRAM) tools
	SANITIZE=$(SANITIZE) exec /usr/bin/python3 tests/e2e/side_by_side.py $(E2E_PROCESSES)

SOAK_READS ?= 100000000

.PHONY: soak
soak: $(PROGRAM) $(SOAK)  ## check SOAK_READS reads for their age, while everything breaks; some hours
	$(call needs,e2e,/usr/bin/python3 -c 'import pytest$(comma) requests$(comma) psycopg2')
	exec /usr/bin/python3 tests/soak/soak.py $(SOAK_READS)

HOSTS_SECONDS ?= 60

.PHONY: hosts-test
hosts-test: $(PROGRAM) $(SOAK)  ## count stale reads at two and three hosts on one database while things break, HOSTS_SECONDS for each row of a table
	$(call needs,e2e,/usr/bin/python3 -c 'import pytest$(comma) requests$(comma) psycopg2')
	exec /usr/bin/python3 tests/soak/hosts.py $(HOSTS_SECONDS)

.PHONY: lint
lint: $(GENERATED)  ## formatting, layering, static analysis, shell scripts, hardening, the API's description
	$(call needs,test,command -v clang-format && command -v clang-tidy && command -v shellcheck \
	    && $(HAVE_LIBRARIES) && pkg-config --exists check)
	@$(MAKE) --no-print-directory --keep-going lint-format lint-layers lint-shell lint-api lint-hardening \
	    lint-tidy

.PHONY: lint-format lint-layers lint-shell lint-api lint-hardening lint-tidy
lint-format:
	@clang-format --dry-run -Werror $(C_FILES) && echo "clang-format: nothing to change"
	@PATH=$$PATH:/usr/local/go/bin; ! command -v gofmt >/dev/null || \
	    { changes=$$(gofmt -d tests/bench/peer); printf '%s' "$$changes"; [ -z "$$changes" ]; }
lint-layers:
	@scripts/check-layers.sh
lint-shell:
	@shellcheck $(SHELL_FILES) && echo "shellcheck: no findings"
lint-api:
	@scripts/lint-api.sh && echo "redocly: no findings"
lint-hardening: $(PROGRAM) module
	@$(if $(SANITIZE),true,scripts/check-hardening.sh $< && \
	    { [ ! -e $(MODULE) ] || scripts/check-hardening.sh $(MODULE); } && echo "hardening: nothing is missing")
lint-tidy: $(GENERATED)
	@printf '%s\n' $(filter src/%.c,$(C_FILES)) | xargs -P $$(nproc) -n 1 sh -c \
	    'echo "  TIDY $$1"; clang-tidy --quiet "$$@" -- -std=c11 $(CPPFLAGS) $(PKG_CFLAGS) 2>/dev/null' clang-tidy \
	    && { [ ! -e $(NGINX_HEADERS)/flags ] || clang-tidy --quiet $(filter nginx/%.c,$(C_FILES)) -- -std=c11 \
	    $(CPPFLAGS) $$(cat $(NGINX_HEADERS)/flags) 2>/dev/null; } && echo "clang-tidy: no findings"

.PHONY: format
format:  ## reformat the C sources
	clang-format -i $(C_FILES)

.PHONY: test
test:  ## everything that must pass: lint, unit tests, model, fuzzing, black-box tests, also with sanitizers
	@scripts/test.sh $(STEPS)

.PHONY: test-browser
test-browser: $(PROGRAM)  ## the widget, the demo page, the status page and that of moderators in Chromium, which is installed if missing
	deploy/install-packages.sh browser
	/usr/bin/python3 -m pytest tests/e2e/test_widget.py tests/e2e/test_demo_page.py tests/e2e/test_status_page.py \
	    tests/e2e/test_moderation_page.py

H2SPEC := build/tools/h2spec

$(H2SPEC): scripts/build-h2spec.sh tests/tls/h2spec/go.mod tests/tls/h2spec/go.sum
	@scripts/build-h2spec.sh $@

.PHONY: test-tls
test-tls: $(PROGRAM)  ## TLS and HTTP/2, as testssl.sh and h2spec see them; some minutes
	deploy/install-packages.sh tls
	@$(MAKE) --no-print-directory $(H2SPEC)
	/usr/bin/python3 -m pytest tests/tls

.PHONY: test-sandbox
test-sandbox: build  ## the service under the restrictions of its systemd unit, as root
	deploy/install-packages.sh sandbox
	tests/sandbox/run.sh

.PHONY: check-reproducible
check-reproducible:  ## whether two builds are equal byte for byte
	@scripts/check-reproducible.sh

.PHONY: test-compose
test-compose:  ## the containers, on the machine's Docker engine or, as root, on one of our own
	deploy/install-packages.sh compose
	tests/compose/run.sh

.PHONY: test-monitoring
test-monitoring: $(PROGRAM)  ## alert rules and dashboard of deploy/monitoring, in a Prometheus of our own
	deploy/install-packages.sh monitoring
	/usr/bin/python3 -m pytest tests/monitoring

CLUSTER_TESTS ?= tests/cluster

.PHONY: cluster-test
cluster-test: build $(SOAK) $(GENERATOR)  ## break each part of the cluster under 500 writes a second; build/cluster/report.md; 15 minutes
	deploy/install-packages.sh cluster
	/usr/bin/python3 -m pytest -s $(CLUSTER_TESTS)

# The least version of Kubernetes that works, and the newest that has schemas.
KUBERNETES := 1.33.0 1.37.0

build/kubernetes-schemas/complete: tests/kubernetes/requirements.txt tests/kubernetes/prepare_schemas.py
	@rm -rf $(@D)
	@echo "Fetching Kubernetes' schemas"
	@/usr/bin/python3 -m venv $(@D)/package
	@$(@D)/package/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@/usr/bin/python3 tests/kubernetes/prepare_schemas.py $(@D)/package/lib/python3*/site-packages/kubernetes_validate \
	    $(@D) $(KUBERNETES)
	@touch $@

.PHONY: test-kubernetes
test-kubernetes: build/tools/kustomize build/tools/kubeconform build/kubernetes-schemas/complete  ## manifests of deploy/kubernetes, held to Kubernetes' schemas
	/usr/bin/python3 -m pytest tests/kubernetes

.PHONY: sbom
sbom: $(PROGRAM) module build/tools/syft  ## write build/sbom.json (CycloneDX): what program and module consist of; with IMAGE=NAME, build/sbom-image.json
	@scripts/sbom.sh build/tools/syft build/sbom.json $(PROGRAM) $(wildcard $(MODULE))
	@$(if $(IMAGE),build/tools/syft scan --quiet "docker:$(IMAGE)" --output cyclonedx-json=build/sbom-image.json)

build/tools/k6 build/tools/kustomize build/tools/kubeconform build/tools/syft: scripts/go-tool.sh
	@scripts/go-tool.sh $(@F) $@

.PHONY: deb
deb:  ## build the Debian packages, for the Debian that this runs on: build/deb
	deploy/install-packages.sh deb
	@scripts/build-packages.sh

.PHONY: test-packages
test-packages:  ## install, upgrade and purge them, in Debians made for that, as root; RELEASES="bookworm trixie", BEFORE=COMMIT
	deploy/install-packages.sh packages
	BEFORE='$(BEFORE)' tests/packages/run.sh $(RELEASES)

.PHONY: oncall
oncall: $(PROGRAM)  ## play the on-call game: something breaks, find it from metrics, status page and logs
	@exec /usr/bin/python3 tests/oncall/game.py

.PHONY: clean
clean:  ## remove build/: what was compiled, fetched and reported
	rm -rf build

-include $(OBJECTS:.o=.d) $(UNIT_OBJECTS:.o=.d)

# ---- Benchmark: tests/bench ----------------------------------------------------------------------

PEER := build/tools/peer

$(PEER): $(wildcard tests/bench/peer/*) scripts/find-go.sh | bench-packages
	@echo "Compiling the benchmark's peer, a service in Go: once, a minute"
	@mkdir -p $(@D)
	@go=$$(scripts/find-go.sh) && export GOTOOLCHAIN=local CGO_ENABLED=0 && \
	    $$go vet -C tests/bench/peer . && $$go build -C tests/bench/peer -trimpath -buildvcs=false -o $(abspath $@) .

.PHONY: bench
bench: bench-packages $(GENERATOR) $(PEER)  ## measure every scenario on the full data set; build/bench/report.html
	@/usr/bin/python3 tests/bench/run.py

.PHONY: bench-data
bench-data: bench-packages  ## generate and load that data set, which takes some minutes once
	@/usr/bin/python3 tests/bench/run.py --data

.PHONY: bench-packages
bench-packages:
	@deploy/install-packages.sh bench

# ---- End of benchmark ----------------------------------------------------------------------------

# ---- Load tests: k6 ------------------------------------------------------------------------------

K6 := build/tools/k6

.PHONY: have-k6
have-k6:
	@scripts/k6.sh --find >/dev/null || scripts/go-tool.sh k6 $(K6)

.PHONY: k6
k6: have-k6  ## run k6/SCRIPT.js (load) against BASE_URL; build/k6/SCRIPT.html
	@scripts/k6.sh $(or $(SCRIPT),load)

.PHONY: k6-smoke
k6-smoke: have-k6  ## k6/smoke.js against BASE_URL, or against a stack of its own
	@scripts/k6.sh --own smoke

# ---- End of load tests ---------------------------------------------------------------------------

# ---- Running it: deploy/stack.sh -----------------------------------------------------------------

.PHONY: run start stop reload status
run:  ## install what is missing, build, and run everything here until Ctrl-C
start:  ## the same in the background
stop:  ## end what `make run` or `make start` began
reload:  ## have it read settings, secrets and a renewed certificate anew, without a lost request
status:  ## tell what is running
run start stop reload status:
	@deploy/stack.sh $@

.PHONY: cluster cluster-stop
cluster:  ## run three database servers, two API hosts and what is between them: docs/cluster.md
	@deploy/cluster.sh start
cluster-stop:  ## end what `make cluster` began
	@deploy/cluster.sh stop

.PHONY: import
import: $(PROGRAM)  ## load the files of DATA=DIR into the database of what is running
	@[ -n "$(DATA)" ] || { echo 'usage: make import DATA=DIR [OPTIONS="--replace ..."]' >&2; exit 2; }
	@settings=$$($(PROGRAM) settings 2>/dev/null); \
	    state=$$(printf '%s' "$$settings" | sed -n 's/^#*QA_STATE_DIR=//p'); \
	    printf '%s' "$$settings" | grep -Eq '^(QA_OWNER_)?DATABASE_URL=' || \
	    export QA_OWNER_DATABASE_URL_FILE="$$state/secrets/owner-url"; \
	    $(PROGRAM) import "$(DATA)" $(OPTIONS) || \
	    { status=$$?; [ $$status = 3 ] || exit $$status; }  # 3: done, and bad rows are told

.PHONY: generate
generate: $(PROGRAM)  ## write a made-up data set to DATA=DIR, of full size (OPTIONS="--products N --seed S")
	@[ -n "$(DATA)" ] || { echo 'usage: make generate DATA=DIR [OPTIONS="--products N"]' >&2; exit 2; }
	@$(PROGRAM) generate "$(DATA)" $(OPTIONS)

.PHONY: packages
packages:  ## install the Debian packages that are missing
	@deploy/install-packages.sh

.PHONY: help
help:  ## list what can be made
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo "  PORT=8090, QA_STATE_DIR=DIR, QA_WORKERS=N, DATABASE_URL=URL: where, how many, on which database"

# ---- End of running it ---------------------------------------------------------------------------
