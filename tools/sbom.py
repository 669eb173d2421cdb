"""Write sbom.cdx.json: what the project consists of, in CycloneDX 1.6, the same bytes each time.

    python -m tools.sbom

Packages, their hashes and who asks for them are those of requirements/cpu.lock; licences are those of docs/licences.md.
"""

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from fingerspell import files
from fingerspell.errors import FingerspellError
from fingerspell.inference import released
from fingerspell.models.common.description import MODEL
from tools import licences, lock

DOCUMENT = Path("sbom.cdx.json")


def main() -> None:
    packages = lock.read()
    files.write_json(DOCUMENT, bom(packages, licences.found(packages)))
    print(f"{DOCUMENT} is written")


def bom(packages: list[lock.Package], told: dict[str, str]) -> dict[str, Any]:
    """Return the bill of materials: the project, its locked packages and the released models. told: licences by name.

    It names no time and no serial number, which CycloneDX leaves open: the same lock gives the same bytes.
    """
    version = metadata.version(lock.PROJECT)
    project = {
        "type": "application",
        "bom-ref": lock.PROJECT,
        "name": lock.PROJECT,
        "version": version,
        "licenses": _licences("MIT"),
    }
    libraries = [_library(package, told[package.name]) for package in packages]
    models = [_model(name, version) for name in released.names()]
    asks = {name: [_purl(one) for one in packages if name in one.wanted_by] for name in [lock.PROJECT, *told]}
    asks[lock.PROJECT] += [model["bom-ref"] for model in models]
    references = [(lock.PROJECT, lock.PROJECT), *((_purl(one), one.name) for one in packages)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": project},
        "components": libraries + models,
        "dependencies": [{"ref": reference, "dependsOn": asks[name]} for reference, name in references],
    }


def _library(package: lock.Package, licence: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": _purl(package),
        "name": package.name,
        "version": package.version,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
        "licenses": _licences(licence),
        "purl": _purl(package),
    }


def _model(name: str, version: str) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model/{name}",
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": files.sha256(released.FOLDER / name / MODEL)}],
        "licenses": _licences("MIT"),
    }


def _purl(package: lock.Package) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _licences(told: str) -> list[dict[str, Any]]:
    """Return a licence as CycloneDX has it: SPDX's identifier, an expression of them, or a name for anything else."""
    if told in licences.NO_SPDX:
        return [{"license": {"name": told}}]
    return [{"expression": told}] if " " in told else [{"license": {"id": told}}]


if __name__ == "__main__":
    try:
        main()
    except FingerspellError as error:
        sys.exit(f"sbom: {error}")
