"""What the sources say: who reads which variable, and how long they take to their end."""

import re
import sys
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[1]
STOREFRONT = DEPLOY.parent
ROOT = STOREFRONT.parents[1]
SERVICES = ["monolith", "user-service", "inventory-service", "payment-service", "order-service", "gateway"]
# What a binary reads through the library, by what it calls.
SHARED = {
    'run("': ["chassis/telemetry.rs"],
    "Node::join": ["users/node.rs"],
    "Service::open": ["orders/service.rs", "orders/mailbox.rs"],
}
# Operator's commands, of another package, and what they also do without.
TOOLS = {"operate": {"MIGRATION", "USER"}, "migrate": {"MIGRATION", "USER"}}
# Settings of images that others have built.
FOREIGN = {"postgres": "POSTGRES_", "mariadb": "MARIADB_", "rabbitmq": "RABBITMQ_DEFAULT_"}
READS = re.compile(r'\b(?:required|setting|checked|at|environment|url)(?:::<[^(]*>)?\(\s*"([A-Z][A-Z0-9_]*)"')
# Whatever is asked for by another name than a literal, and who does it for a caller that has one.
UNNAMED = re.compile(r'\b((?:required|setting|checked)(?:::<[^(]*>)?\((?!\s*"|\)).*|env::var\w*)')
HELPERS = {("main.rs", "checked(name, |base| web.upstream(base))")}
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
    if name not in found:
        sys.exit(f"{path.relative_to(ROOT)} has no constant {name} of so many seconds, which tells how long a process takes to its end")
    return found[name]


def time_to_end():
    """How long a process takes at most that was asked to end."""
    source = STOREFRONT / "src"
    bounds = [("server.rs", "NOTICE"), ("server.rs", "DRAIN"), ("workers.rs", "DRAIN"), ("workers.rs", "DRAIN_LAST")]
    return sum(seconds(source / "chassis" / file, name) for file, name in bounds) + FAREWELL


def consumers_bounds():
    source = STOREFRONT / "src"
    bounds = [("orders/service.rs", "HANDLED"), ("orders/service.rs", "BUS"), ("chassis/workers.rs", "DRAIN")]
    return {name: seconds(source / file, name) for file, name in bounds}


def consumers_end(bounds):
    """A consumer ends within twice its handler's time and that of the bus: workers have to have as long."""
    takes, has = 2 * bounds["HANDLED"] + bounds["BUS"], bounds["DRAIN"]
    if takes > has:
        yield f"consumers take {takes} s to their end, and have {has} s"


def documented(name):
    """What the table at the head of a service's main.rs lists."""
    head = [line for line in (STOREFRONT / "src/bin" / name / "main.rs").read_text().splitlines() if line.startswith("//! | `")]
    return {variable for line in head for variable in re.findall(r"`([A-Z][A-Z0-9_]*)`", line.split("|")[1])}


def heads(of):
    """Whether these tables list what is read, and no more."""
    for name in SERVICES:
        listed, read = of(name), variables(name)
        yield from (f"{name}: {it} is in the head of its main.rs, and nothing reads it" for it in sorted(listed - read))
        yield from (f"{name}: {it} is read, and not in the head of its main.rs" for it in sorted(read - listed))


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
