"""What the sources say: who reads which variable, and how long they take to their end."""

import re
from pathlib import Path

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
# Whatever is asked for by another name than a literal, and who does it for a caller that has one.
UNNAMED = re.compile(r'\b((?:required|setting)(?:::<[^(]*>)?\((?!\s*"|\)).*|env::var\w*)')
HELPERS = {("main.rs", "required(name)?;")}
# What starts the services to show something.
SHOWN = re.compile(r"/src/(?:bin/storefront|bin/pitfalls|stage)/")
SECONDS = re.compile(r"const (\w+): Duration = Duration::from_(secs|millis)\((\d+)\)")
# How long the exporter takes at most to send what is left, and the state to be told.
FAREWELL = 6


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
    """What anything in the storefront reads but what shows it, and whether a service is known to read it."""
    files = [path for path in (STOREFRONT / "src").rglob("*.rs") if not SHOWN.search(str(path))]
    for path in files:
        asked = [it for it in UNNAMED.findall(rust(path)) if (path.name, it) not in HELPERS]
        if asked and path.name != "environment.rs":
            yield f"{path.relative_to(STOREFRONT)} reads what nobody can tell: {', '.join(asked)}"
    for name in sorted(read_in(files) - set().union(*map(variables, SERVICES))):
        yield f"{name} is read, and no service is known to read it"


def differ(where, set_here, read):
    for name in sorted(set_here - read):
        yield f"{where}: {name} is set, and nothing reads it"
    for name in sorted(read - set_here):
        yield f"{where}: {name} is read, and not set"
