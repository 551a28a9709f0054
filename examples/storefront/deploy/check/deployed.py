"""Manifests, compose file and README against the sources."""

import re

import yaml

from sources import (
    DEPLOY, FOREIGN, SERVICES, SHARED, STOREFRONT, TOOLS,
    differ, rust, sources, time_to_end, tool_variables, variables,
)


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
