"""Compares manifests, compose file and workflows with the sources, and then spoils each of them to see that it is noticed.

The schemas of Kubernetes are scripts/manifests.sh's: here is what no schema knows, above all that every variable that is set is
one that the binary reads, and every variable that it reads is set.
"""

import copy
import re
import sys
from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parents[1]
STOREFRONT = DEPLOY.parent
ROOT = STOREFRONT.parents[1]
SERVICES = ["monolith", "user-service", "inventory-service", "payment-service", "order-service", "gateway"]
# What a binary reads through the library, by what it calls.
SHARED = {
    "Telemetry::install": ["chassis/telemetry.rs"],
    "Node::join": ["users/node.rs"],
    "Service::open": ["orders/service.rs", "orders/mailbox.rs"],
}
# Operator's commands, of another package, and what they also do without.
TOOLS = {"operate": {"MIGRATION", "USER"}, "migrate": set()}
# Settings of images that others have built.
FOREIGN = {"postgres": "POSTGRES_", "mariadb": "MARIADB_", "rabbitmq": "RABBITMQ_DEFAULT_"}
READS = re.compile(r'\b(?:required|setting|at|environment|url)(?:::<[^(]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
SECONDS = re.compile(r"const (\w+): Duration = Duration::from_(secs|millis)\((\d+)\)")
# How long the exporter takes at most to send what is left, and the state to be told.
FAREWELL = 6


# What the sources say.


def rust(path):
    """The code of a file, without its tests and comments."""
    code = path.read_text().split("#[cfg(test)]")[0]
    return "\n".join(line.split("//")[0] if "://" not in line else line for line in code.splitlines())


def read_in(paths):
    return {name for path in paths for name in READS.findall(rust(path))}


def sources(binary):
    return sorted((STOREFRONT / "src/bin" / binary).glob("*.rs"))


def variables(binary):
    """What a service reads from its environment."""
    own = sources(binary)
    called = "".join(map(rust, own))
    shared = [STOREFRONT / "src" / file for call, files in SHARED.items() if call in called for file in files]
    return read_in(own + shared)


def tool_variables(tool):
    return read_in(sorted((ROOT / "examples/adapters/src/bin" / tool).glob("*.rs")))


def seconds(path, name):
    found = {name: int(value) / {"secs": 1, "millis": 1000}[unit] for name, unit, value in SECONDS.findall(rust(path))}
    return found[name]


def time_to_end():
    """How long a process takes at most that was asked to end."""
    source = STOREFRONT / "src"
    server = source / "chassis/server.rs"
    workers = max(seconds(source / file, "DRAIN") for file in ("users/node.rs", "orders/service.rs"))
    return seconds(server, "NOTICE") + seconds(server, "DRAIN") + workers + FAREWELL


def everything_read():
    """What anything in the storefront reads but the driver, and whether a service is known to read it."""
    files = [path for path in (STOREFRONT / "src").rglob("*.rs") if "bin/storefront/" not in str(path)]
    for name in sorted(read_in(files) - set().union(*map(variables, SERVICES))):
        yield f"{name} is read, and no service is known to read it"


# What is compared with it.


def differ(where, set_here, read):
    for name in sorted(set_here - read):
        yield f"{where}: {name} is set, and nothing reads it"
    for name in sorted(read - set_here):
        yield f"{where}: {name} is read, and not set"


def of_kind(documents, kind):
    return {it["metadata"]["name"]: it for it in documents if it["kind"] == kind}


def container(pod, name):
    return next(it for it in pod.get("initContainers", []) + pod["containers"] if it["name"] == name)


def value(container, name):
    return next((it.get("value") for it in container["env"] if it["name"] == name), None)


def manifests(documents):
    deployments, services = of_kind(documents, "Deployment"), of_kind(documents, "Service")
    budgets, configs = of_kind(documents, "PodDisruptionBudget"), of_kind(documents, "ConfigMap")
    if of_kind(documents, "Secret"):
        yield "a secret is no manifest"
    yield from differ("deployments", set(deployments), set(SERVICES))
    for name, deployment in deployments.items():
        for complaint in one_deployment(name, deployment, services, budgets, configs):
            yield f"{name}: {complaint}"
    for line in yaml.safe_dump_all(documents).splitlines():
        if re.search(r"://[^/\s]*:[^/\s]*@", line):
            yield f"a password: {line.strip()}"


def one_deployment(name, deployment, services, budgets, configs):
    spec, pod = deployment["spec"], deployment["spec"]["template"]["spec"]
    service, collector = container(pod, "service"), container(pod, "collector")
    yield from differ("variables", {it["name"] for it in service["env"]}, variables(name))
    yield from addresses(service, services)
    yield from exposed(name, spec, service, services, budgets)
    yield from collected(service, collector, pod, configs)
    probes = {probe: service.get(probe, {}).get("httpGet", {}).get("path") for probe in PROBES}
    if probes != PROBES:
        yield f"probes are {probes}"
    routes = re.findall(r'\.route\("(/\w+)"', rust(STOREFRONT / "src/chassis/server.rs"))
    for path in [*PROBES.values(), spec["template"]["metadata"]["annotations"].get("prometheus.io/path")]:
        if path not in routes:
            yield f"nothing answers {path}"
    grace = pod.get("terminationGracePeriodSeconds", 30)
    ends = service["lifecycle"]["preStop"]["sleep"]["seconds"] + time_to_end()
    if grace < ends:
        yield f"it is killed after {grace} s, and may take {ends} s to its end"
    if spec["strategy"]["type"] != "RollingUpdate":
        yield "it is not rolled out"
    rolling = spec["strategy"].get("rollingUpdate", {})
    wanted = (0, 1) if "DIRECT_WRITES" in variables(name) else (1, 0)
    if (rolling.get("maxSurge"), rolling.get("maxUnavailable")) != wanted:
        yield f"maxSurge and maxUnavailable are {rolling}"
    if "DIRECT_WRITES" in variables(name) and spec["replicas"] != 1:
        yield "direct writers are one process"
    if "cpu" in service["resources"].get("limits", {}):
        yield "who is throttled loses its lease"
    for each in (service, collector):
        hardened = each["securityContext"]
        if hardened.get("allowPrivilegeEscalation") is not False or not hardened.get("readOnlyRootFilesystem"):
            yield f"{each['name']} may too much"
        if not {"requests", "limits"} <= set(each["resources"]):
            yield f"{each['name']} has no resources"
        if re.search(r":(latest)?$|^[^:]*$", each["image"]):
            yield f"{each['image']} is any image"


PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def addresses(service, known):
    """What is told where somebody is has to be right."""
    for it in service["env"]:
        found = re.fullmatch(r"http://([a-z-]+):(\d+)", it.get("value", ""))
        if found and (found[1] not in known or int(found[2]) not in ports_of(known[found[1]])):
            yield f"{it['name']}: nobody is at {it['value']}"
        if "DATABASE_URL STATE_URL AMQP_URL".find(it["name"]) >= 0 and "secretKeyRef" not in it.get("valueFrom", {}):
            yield f"{it['name']} is no reference to a secret"


def ports_of(service):
    return {port["port"] for port in service["spec"]["ports"]}


def exposed(name, spec, service, services, budgets):
    listens = {int(value(service, it).split(":")[1]) for it in ("LISTEN", "GRPC_LISTEN") if value(service, it)}
    if listens != {port["containerPort"] for port in service["ports"]}:
        yield f"it listens at {sorted(listens)}, and has other ports"
    if name not in services or ports_of(services[name]) != listens:
        yield "its service has other ports"
    labels = spec["template"]["metadata"]["labels"].items()
    selectors = [spec["selector"]["matchLabels"]]
    selectors += [it["spec"]["selector"] for it in [services.get(name)] if it]
    selectors += [it["spec"]["selector"]["matchLabels"] for it in [budgets.get(name)] if it]
    if len(selectors) != 3 or not all(it.items() <= labels for it in selectors):
        yield "it is not selected by deployment, service and disruption budget"
    scraped = spec["template"]["metadata"]["annotations"]
    if scraped.get("prometheus.io/scrape") != "true" or int(scraped["prometheus.io/port"]) not in listens:
        yield "it is not scraped where it listens"


def collected(service, collector, pod, configs):
    named = next(it["configMap"]["name"] for it in pod["volumes"] if it["name"] == "collector")
    if named not in configs:
        yield f"there is no {named}"
        return
    text = configs[named]["data"]["collector.yaml"]
    yield from differ("collector", {it["name"] for it in collector["env"]}, set(re.findall(r"\$\{env:(\w+)\}", text)))
    yield from pipelines(yaml.safe_load(text), value(service, "OTEL_EXPORTER_OTLP_ENDPOINT"), "127.0.0.1")


def pipelines(config, endpoint, host):
    """Whether a collector listens where it is sent to, and has all that its pipelines name."""
    listens = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    if not re.fullmatch(rf"http://{re.escape(host)}:{listens.split(':')[1]}", endpoint or ""):
        yield f"traces are sent to {endpoint}, and the collector listens at {listens}"
    for kind in ("receivers", "processors", "exporters"):
        for pipeline in config["service"]["pipelines"].values():
            yield from differ(f"collector's {kind}", set(pipeline[kind]), set(config[kind]))
    yield from differ("extensions", set(config["service"].get("extensions", [])), set(config.get("extensions", {})))


def compose(document):
    services = document["services"]
    ours = {it["build"]["args"]["BINARY"]: (name, it) for name, it in services.items() if "build" in it}
    yield from differ("compose", set(ours), {*SERVICES, *TOOLS})
    for name, service in services.items():
        if "image" not in service and "build" not in service:
            yield f"{name} has neither image nor build"
        for other in service.get("depends_on", {}):
            if "healthcheck" not in services.get(other, {}):
                yield f"{name} waits for {other}, which is not there or has no health"
        if "build" not in service:
            prefix = FOREIGN.get(name, "nothing")
            for variable in service.get("environment", {}):
                if not variable.startswith(prefix):
                    yield f"{name}: {variable} is set, and nothing reads it"
    for binary, (name, service) in ours.items():
        build, given = service["build"], set(service.get("environment", {}))
        if not (DEPLOY / "compose" / build["context"] / build["dockerfile"]).is_file():
            yield f"{name} is built of nothing"
        if binary in TOOLS:
            needed = tool_variables(binary)
            yield from differ(name, given | (TOOLS[binary] & needed), needed)
            continue
        yield from differ(name, given, variables(binary))
        if float(str(service["stop_grace_period"]).rstrip("s")) < time_to_end():
            yield f"{name} is killed before it has ended"
        for variable, text in service["environment"].items():
            for host in re.findall(r"://(?:[^@/]*@)?([a-z-]+):", str(text)):
                if host not in services:
                    yield f"{name}: {variable}: nobody is called {host}"
        yield from pipelines(COLLECTOR, service["environment"].get("OTEL_EXPORTER_OTLP_ENDPOINT"), "collector")


COLLECTOR = yaml.safe_load((DEPLOY / "compose/collector.yaml").read_text())


# Workflows: what they run has to be there.


def packages():
    members = re.search(r"members = \[(.*?)\]", (ROOT / "Cargo.toml").read_text(), re.S)[1]
    homes = [ROOT / home for home in re.findall(r'"([^"]+)"', members)]
    return {re.search(r'^name = "(.+?)"', (home / "Cargo.toml").read_text(), re.M)[1]: home for home in homes}


def cargo(words, known):
    """Complaints about one cargo command."""
    if words[1] not in {"build", "test", "clippy", "fmt"}:
        yield f"cargo {words[1]} is not known"
    package, rest = None, iter(words[2:])
    for word in rest:
        if word == "--":
            return
        if word in ("-p", "--bin", "--test"):
            name = next(rest)
        if word == "-p":
            package = known.get(name)
            if package is None:
                yield f"there is no package {name}"
                return
        elif word in ("--bin", "--test"):
            folder = package / ("src/bin" if word == "--bin" else "tests")
            if not (folder / name / "main.rs").is_file() and not (folder / f"{name}.rs").is_file():
                yield f"there is no {word} {name}"
        elif word not in ("--locked", "--release", "--no-deps", "--lib", "--all-targets"):
            yield f"cargo {words[1]} with {word} is not known"


def workflow(name, document):
    jobs = document["jobs"]
    # YAML 1.1 takes `on` for true.
    triggers = document.get("on", document.get(True))
    for trigger in triggers.values():
        for path in trigger.get("paths", []):
            if not any(ROOT.glob(path)):
                yield f"nothing is at {path}"
    yield from differ("stages", set(jobs), {"build", "test", "contract", "deploy"})
    needs = {stage: set([job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])) for stage, job in jobs.items()}
    if needs.get("deploy") != {"test", "contract"} or not all("build" in needs.get(it, ()) for it in ("test", "contract")):
        yield "stages do not wait for one another"
    commands = [line.strip() for job in jobs.values() for step in job["steps"] for line in step.get("run", "").splitlines()]
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    found = 0
    for command in commands:
        for script in re.findall(r"scripts/\w+\.sh", command):
            if not (ROOT / script).is_file():
                yield f"there is no {script}"
        words = command.split()
        if words[:1] == ["make"] and words[1] not in targets:
            yield f"there is no make {words[1]}"
        if "cargo" in words:
            found += 1
            yield from cargo(words[words.index("cargo"):], packages())
        for path in re.findall(r"examples/storefront/deploy/\w+", command):
            if not (ROOT / path).exists():
                yield f"there is no {path}"
        if "BINARY=" in command and f"BINARY={name} " not in command:
            yield "it builds another service"
        for other in SERVICES:
            if other != name and re.search(rf"(deployment/|--bin ){other}\b", command):
                yield f"it touches {other}"
    if found < 4:
        yield f"only {found} cargo commands were found"


def workflows(documents):
    yield from differ("workflows", set(documents), set(SERVICES))
    for name, document in documents.items():
        for complaint in workflow(name, document):
            yield f"{name}: {complaint}"


def readme(text, documents):
    """What people are told to make has to be what is referred to."""
    deployments = of_kind(documents, "Deployment")
    wanted, fleet = set(), 0
    for name, deployment in deployments.items():
        given = container(deployment["spec"]["template"]["spec"], "service")["env"]
        wanted |= {it["valueFrom"]["secretKeyRef"]["name"] for it in given if "secretKeyRef" in it.get("valueFrom", {})}
        fleet += deployment["spec"]["replicas"] if "users/node.rs" in str([SHARED[it] for it in calls(name)]) else 0
    yield from differ("README's secrets", set(re.findall(r"create secret generic (\S+)", text)), wanted)
    if f"operate expect {fleet} " not in text:
        yield f"README does not expect {fleet} nodes"


def calls(binary):
    code = "".join(map(rust, sources(binary)))
    return [call for call in SHARED if call in code]


# All of it, and its controls.


def load():
    files = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
    return {
        "kubernetes": [it for file in files for it in yaml.safe_load_all(file.read_text())],
        "compose": yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text()),
        "workflows": {it.stem: yaml.safe_load(it.read_text()) for it in sorted((DEPLOY / "workflows").glob("*.yml"))},
        "readme": (DEPLOY / "README.md").read_text(),
    }


def complaints(all_of_it):
    yield from everything_read()
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
    (lambda it: steps_of(it, "gateway", "contract")[1].update(run="cargo test -p pact"), "there is no package pact"),
    (lambda it: steps_of(it, "gateway", "test")[1].update(run="cargo test -p storefront --test carts"), "there is no --test carts"),
    (lambda it: it["workflows"]["gateway"]["jobs"]["deploy"].update(needs="build"), "stages do not wait"),
]


def main():
    all_of_it = load()
    said = list(complaints(all_of_it))
    print("\n".join(said))
    missed = []
    for number, (spoil, wanted) in enumerate(CONTROLS):
        spoiled = copy.deepcopy(all_of_it)
        spoil(spoiled)
        if not any(wanted in complaint for complaint in complaints(spoiled)):
            missed.append(f"control {number}: nobody says: {wanted}")
    print("\n".join(missed))
    if said or missed:
        sys.exit(1)
    named = sum(len(variables(name)) for name in SERVICES)
    print(f"{len(SERVICES)} services, {named} variables: sources, manifests, compose file and workflows agree; {len(CONTROLS)} faults were found")


main()
