#!/usr/bin/env python3
"""Fetches the vendored packages named in lock.json with `npm pack` and puts their files beside this script.

`fetch.py` replaces the files, `fetch.py --check` only compares. Either way the tarball must have the
integrity in the lock. Needs npm; the registry is whatever npm is configured to use.
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# The map itself is not vendored, and the manifest storage refuses a reference to a missing file.
SOURCE_MAP = re.compile(rb"\n?(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*$")


def pack(package: dict, folder: Path) -> Path:
    """Download one package and return its tarball, refused unless it has the locked integrity."""
    name = f"{package['package']}@{package['version']}"
    listing = subprocess.run(
        ["npm", "pack", name, "--json", "--pack-destination", folder],
        check=True,
        capture_output=True,
        text=True,
    )
    tarball = folder / json.loads(listing.stdout)[0]["filename"]
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if package["integrity"] != f"sha512-{digest}":
        raise SystemExit(f"{name}: integrity is sha512-{digest}, lock.json says {package['integrity']}")
    return tarball


def taken(package: dict, tarball: Path) -> dict[Path, bytes]:
    """The files of a package that the portal uses, by the path they get here."""
    with tarfile.open(tarball) as archive:
        return {
            HERE / target: SOURCE_MAP.sub(b"", archive.extractfile(f"package/{source}").read())
            for source, target in package["files"].items()
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    differing = 0
    for package in json.loads((HERE / "lock.json").read_text("utf-8")):
        with tempfile.TemporaryDirectory() as folder:
            files = taken(package, pack(package, Path(folder)))
        for path, content in files.items():
            if not path.exists() or path.read_bytes() != content:
                differing += 1
                print(("differs: " if check else "wrote: ") + str(path.relative_to(HERE)))
                if not check:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
        print(f"{package['package']} {package['version']}: {len(files)} files, integrity holds")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
