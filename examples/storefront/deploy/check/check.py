"""Compares manifests, compose file and workflows with the sources, and then spoils each of them to see that it is noticed.

The schemas of Kubernetes are scripts/manifests.sh's: here is what no schema knows, above all that every variable that is set is
one that the binary reads, and every variable that it reads is set.
"""

import copy
import sys

import yaml

from deployed import compose, container, manifests, of_kind, readme
from sources import DEPLOY, SERVICES, consumers_bounds, consumers_end, documented, everything_read, heads, variables
from workflows import workflows


def load():
    files = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
    return {
        "kubernetes": [it for file in files for it in yaml.safe_load_all(file.read_text())],
        "compose": yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text()),
        "workflows": {it.stem: yaml.safe_load(it.read_text()) for it in sorted((DEPLOY / "workflows").glob("*.yml"))},
        "bounds": consumers_bounds(),
        "heads": {name: documented(name) for name in SERVICES},
        "readme": (DEPLOY / "README.md").read_text(),
    }


def complaints(all_of_it):
    yield from everything_read()
    yield from consumers_end(all_of_it["bounds"])
    yield from heads(lambda name: all_of_it["heads"][name])
    yield from manifests(all_of_it["kubernetes"])
    yield from compose(all_of_it["compose"])
    yield from workflows(all_of_it["workflows"])
    yield from readme(all_of_it["readme"], all_of_it["kubernetes"])


def pod_of(it, name):
    return of_kind(it["kubernetes"], "Deployment")[name]["spec"]["template"]["spec"]


def env_of(it, name):
    return container(pod_of(it, name), "service")["env"]


def steps_of(it, name, stage):
    return it["workflows"][name]["jobs"][stage]["steps"]


def triggers_of(it, name):
    document = it["workflows"][name]
    return document.get("on", document.get(True))["pull_request"]


# How each is spoiled, and what is to be said then.
CONTROLS = [
    (lambda it: env_of(it, "gateway").append({"name": "USERS_URL", "value": "x"}), "USERS_URL is set, and nothing reads it"),
    (lambda it: env_of(it, "monolith").pop(), "RUST_LOG is read, and not set"),
    (lambda it: env_of(it, "monolith")[2].update(value="postgres://a:b@c/d", valueFrom={}), "is no reference to a secret"),
    (lambda it: env_of(it, "monolith")[2].update(value="postgres://a:b@c/d", valueFrom={}), "a password"),
    (lambda it: env_of(it, "gateway")[3].update(value="http://monolith:80"), "nobody is at"),
    (lambda it: pod_of(it, "gateway").update(terminationGracePeriodSeconds=30), "it is killed after 30 s"),
    (lambda it: container(pod_of(it, "gateway"), "service")["readinessProbe"]["httpGet"].update(path="/ready"), "probes are"),
    (lambda it: of_kind(it["kubernetes"], "ConfigMap")["gateway-collector-1"]["metadata"].update(name="x"), "there is no gateway-collector-1"),
    (lambda it: of_kind(it["kubernetes"], "Deployment")["monolith"]["spec"].update(replicas=2), "direct writers are one process"),
    (lambda it: of_kind(it["kubernetes"], "Deployment")["gateway"]["spec"].update(replicas=3), "README does not expect 6 nodes"),
    (lambda it: it["compose"]["services"]["gateway"]["environment"].update(PORT="1"), "gateway: PORT is set, and nothing reads it"),
    (lambda it: it["compose"]["services"]["gateway"]["environment"].pop("STATE_URL"), "gateway: STATE_URL is read, and not set"),
    (lambda it: it["compose"]["services"]["postgres"].pop("image"), "postgres has neither image nor build"),
    (lambda it: it["compose"]["services"]["order-service"].update(stop_grace_period="10s"), "is killed before it has ended"),
    (lambda it: it["bounds"].update(HANDLED=30.0), "consumers take 63.0 s to their end"),
    (lambda it: it["heads"]["order-service"].remove("RUST_LOG"), "order-service: RUST_LOG is read, and not in the head"),
    (lambda it: it["heads"]["gateway"].add("STOCK"), "gateway: STOCK is in the head of its main.rs, and nothing reads it"),
    (lambda it: triggers_of(it, "gateway")["paths"].remove("examples/adapters/Cargo.toml"), "examples/adapters/Cargo.toml does not start it"),
    (lambda it: steps_of(it, "gateway", "build").pop(1), "build: the toolchain is not that of the Containerfile"),
    (lambda it: steps_of(it, "gateway", "contract")[2].update(run="cargo test -p pact"), "there is no package pact"),
    (lambda it: steps_of(it, "gateway", "contract").pop(), "gateway: its contracts of consumers::gateway are not tried"),
    (lambda it: steps_of(it, "user-service", "contract").pop(), "user-service: its contracts of providers::user_service are not tried"),
    (lambda it: steps_of(it, "gateway", "contract")[2].update(run="cargo test -p contracts -- consumers::cart"), "no contracts of consumers::cart"),
    (lambda it: steps_of(it, "gateway", "test")[2].update(run="cargo test -p storefront --test carts"), "there is no --test carts"),
    (lambda it: it["workflows"]["gateway"]["jobs"]["deploy"].update(needs="build"), "stages do not wait"),
]


def main():
    all_of_it = load()
    said = list(complaints(all_of_it))
    missed = []
    for number, (spoil, wanted) in enumerate(CONTROLS):
        spoiled = copy.deepcopy(all_of_it)
        spoil(spoiled)
        if not any(wanted in complaint for complaint in complaints(spoiled)):
            missed.append(f"control {number}: nobody says: {wanted}")
    if said or missed:
        sys.exit("\n".join(said + missed))
    named = sum(len(variables(name)) for name in SERVICES)
    print(f"{len(SERVICES)} services, {named} variables: sources, manifests, compose file and workflows agree; {len(CONTROLS)} faults were found")


main()
