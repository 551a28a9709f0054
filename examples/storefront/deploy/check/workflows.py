"""Workflows: what they build, test and run has to be there, and be their own service's."""

import json
import re

from sources import DEPLOY, ROOT, SERVICES, differ


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


def roles():
    """Whom each is in the Pact files, as the modules of their tests are called."""
    for file in sorted((ROOT / "examples/contracts/pacts").glob("*.json")):
        pact = json.loads(file.read_text())
        for role in ("consumer", "provider"):
            yield pact[role]["name"], f"{role}s::{pact[role]['name'].replace('-', '_')}"


def contract(name, commands):
    """A service that has agreed to something runs its own side of it, and no side that is not there."""
    tests = ROOT / "examples/contracts/tests/contracts"
    tried = [side for command in commands if "-p contracts" in command for side in command.partition(" -- ")[2].split()]
    for side in tried:
        if not (tests / f"{side.replace('::', '/')}.rs").is_file():
            yield f"there are no contracts of {side}"
    for side in sorted({side for who, side in roles() if who == name} - set(tried)):
        yield f"its contracts of {side} are not tried"


# What every service is built of and checked by, beside sources and lock file; each package of the workspace that it needs by name.
NEEDED = [
    "Cargo.toml", "Cargo.lock", "Makefile", "examples/storefront/deploy/check/check.py", "scripts/manifests.sh", "examples/storefront/tests/orders/main.rs",
    "examples/adapters/Cargo.toml", "examples/contracts/Cargo.toml", "examples/storefront/Cargo.toml",
]


def covers(pattern, path):
    return pattern == path or pattern.endswith("/**") and path.startswith(pattern.removesuffix("**"))


def toolchain():
    return re.search(r"library/rust:([\d.]+)", (DEPLOY / "Containerfile").read_text())[1]


def workflow(name, document):
    jobs = document["jobs"]
    # YAML 1.1 takes `on` for true.
    triggers = document.get("on", document.get(True))
    for trigger in triggers.values():
        for path in trigger.get("paths", []):
            if not any(ROOT.glob(path)):
                yield f"nothing is at {path}"
    paths = triggers["pull_request"]["paths"]
    yield from (f"{path} does not start it" for path in NEEDED if not any(covers(it, path) for it in paths))
    pinned = toolchain()
    for stage, job in jobs.items():
        steps = [step.get("run", "") for step in job["steps"]]
        if any(step.startswith("cargo ") for step in steps) and f"rustup default {pinned}" not in "\n".join(steps):
            yield f"{stage}: the toolchain is not that of the Containerfile, {pinned}"
    yield from differ("stages", set(jobs), {"build", "test", "contract", "deploy"})
    needs = {stage: set([job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])) for stage, job in jobs.items()}
    if needs.get("deploy") != {"test", "contract"} or not all("build" in needs.get(it, ()) for it in ("test", "contract")):
        yield "stages do not wait for one another"
    commands = [line.strip() for job in jobs.values() for step in job["steps"] for line in step.get("run", "").splitlines()]
    yield from contract(name, [step["run"] for step in jobs["contract"]["steps"] if "run" in step])
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
